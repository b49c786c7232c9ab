DELETE FROM records
WHERE generation IN (SELECT value FROM json_each(?))
