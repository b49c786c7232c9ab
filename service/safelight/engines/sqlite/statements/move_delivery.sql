UPDATE deliveries
SET due_at = ?, tries = ?, is_dead = ?, detail = ?
WHERE generation = (SELECT n FROM generations WHERE id = ?) AND epoch = ? AND seq = ?
