DELETE FROM deliveries
WHERE generation IN (SELECT value FROM json_each(?))
