SELECT created_at, id, n FROM generations
WHERE owner = ? AND ref = ? AND state = ? AND (created_at, id) < (?, ?)
ORDER BY created_at DESC, id DESC
LIMIT ?
