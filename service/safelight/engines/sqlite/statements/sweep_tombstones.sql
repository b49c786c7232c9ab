UPDATE tombstones
SET is_swept = 1
WHERE id IN (SELECT value FROM json_each(?))
