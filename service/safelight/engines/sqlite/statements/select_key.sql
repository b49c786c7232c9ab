SELECT fingerprint, generation, provider, until FROM keys
WHERE owner = ? AND key = ? AND until > ?
