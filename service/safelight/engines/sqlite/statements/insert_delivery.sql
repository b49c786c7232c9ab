INSERT INTO deliveries (generation, epoch, seq, due_at, tries, is_dead, detail)
VALUES (?, ?, ?, ?, ?, ?, ?)
