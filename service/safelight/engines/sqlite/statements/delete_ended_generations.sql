DELETE FROM generations
WHERE n IN (SELECT n FROM generations WHERE ended_at < ? ORDER BY ended_at, n LIMIT ?)
RETURNING id
