SELECT n, id FROM generations
WHERE ended_at < ?
ORDER BY ended_at, n
LIMIT ?
