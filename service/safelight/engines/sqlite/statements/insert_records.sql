INSERT INTO records (generation, at, kind, epoch, seq, body)
VALUES (?, ?, ?, ?, ?, ?)
