INSERT OR REPLACE INTO tombstones (id, owner, forgotten_at)
SELECT generations.id, owner, ?
FROM json_each(?) CROSS JOIN generations ON n = value
ORDER BY key
