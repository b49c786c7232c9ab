SELECT at, kind, body FROM records
WHERE generation = ?
ORDER BY id
