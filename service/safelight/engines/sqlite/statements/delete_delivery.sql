DELETE FROM deliveries
WHERE generation = (SELECT n FROM generations WHERE id = ?) AND epoch = ? AND seq = ?
