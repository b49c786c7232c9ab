SELECT id FROM generations
WHERE id >= :first AND id < :last
UNION
SELECT id FROM tombstones
WHERE id >= :first AND id < :last
ORDER BY id
LIMIT :limit
