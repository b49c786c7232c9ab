INSERT INTO generations (n, id, epoch, ended_at, body)
VALUES (?, ?, ?, ?, ?)
