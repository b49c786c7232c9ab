-- What the service remembers for itself, such as how long runs took; `n` orders facts by when each was last written.
CREATE TABLE facts (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    fact BLOB NOT NULL
);
