INSERT INTO generations (n, id, created_at, epoch, ended_at, body)
VALUES (?, ?, ?, ?, ?, ?)
