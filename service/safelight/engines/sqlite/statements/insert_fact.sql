INSERT OR REPLACE INTO facts (name, fact)
VALUES (?, ?)
