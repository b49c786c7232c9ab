DELETE FROM generations
WHERE n IN (SELECT value FROM json_each(?))
