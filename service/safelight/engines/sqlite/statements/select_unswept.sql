SELECT id FROM tombstones
WHERE is_swept = 0
ORDER BY n
LIMIT ?
