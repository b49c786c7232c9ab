SELECT owner, forgotten_at FROM tombstones
WHERE id = ?
