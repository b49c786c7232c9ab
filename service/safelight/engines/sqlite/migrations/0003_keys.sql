-- What callers' own keys stand for: a create that is sent twice is one generation. Kept by themselves, for a key outlives
-- the generation where that is forgotten sooner.
CREATE TABLE keys (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    generation TEXT NOT NULL,
    provider TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;

CREATE INDEX keys_by_age ON keys (until);
