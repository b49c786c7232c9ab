INSERT INTO generations (n, id, owner, ref, created_at, epoch, state, ended_at, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
