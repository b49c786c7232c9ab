-- A generation, the newest claim on it (and by whom, NULL for its creator) and its end, in microseconds since 1970.
CREATE TABLE generations (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    claimed_by TEXT,
    ended_at INTEGER,
    body BLOB NOT NULL
);

-- Serves both ends: the unfinished (NULL), and the purge of those that ended before some moment.
CREATE INDEX generations_by_end ON generations (ended_at);

-- One log for all generations, written at its end: a batch touches few pages however many generations it is about.
-- Statuses carry their version, attempts and late records none.
CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    kind TEXT NOT NULL,
    epoch INTEGER,
    seq INTEGER,
    body BLOB NOT NULL
);

CREATE UNIQUE INDEX records_by_version ON records (generation, epoch, seq);
