DELETE FROM tombstones
WHERE n IN (SELECT n FROM tombstones WHERE is_swept = 1 AND forgotten_at < ? LIMIT ?)
