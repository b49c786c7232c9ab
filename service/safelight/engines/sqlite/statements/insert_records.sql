INSERT INTO records (generation, kind, epoch, seq, body)
VALUES (?, ?, ?, ?, ?)
