SELECT body FROM records
WHERE generation = (SELECT n FROM generations WHERE id = ?) AND (epoch, seq) > (?, ?)
ORDER BY epoch, seq
LIMIT ?
