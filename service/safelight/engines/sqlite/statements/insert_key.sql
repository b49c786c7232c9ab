INSERT OR REPLACE INTO keys (owner, key, fingerprint, generation, provider, until)
VALUES (?, ?, ?, ?, ?, ?)
