DELETE FROM records
WHERE generation IN (SELECT n FROM generations WHERE ended_at < ? ORDER BY ended_at, n LIMIT ?)
