DELETE FROM keys
WHERE (owner, key) IN (SELECT owner, key FROM keys WHERE until <= ? LIMIT ?)
