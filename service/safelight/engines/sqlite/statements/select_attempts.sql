SELECT body FROM records
WHERE generation = (SELECT n FROM generations WHERE id = ?) AND epoch IS NULL AND seq IS NULL AND kind = 'attempt'
ORDER BY id
