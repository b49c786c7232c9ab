-- What lists ask for stands in columns of its own, before the body: nothing is decoded, or even read, to pass a row over.
CREATE TABLE generations_2 (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    ref TEXT,
    created_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    claimed_by TEXT,
    state TEXT NOT NULL,
    ended_at INTEGER,
    body BLOB NOT NULL
);

-- Bodies hold moments as RFC 3339 in UTC, with six digits of a fraction or none.
WITH
    told AS (SELECT *, CAST(body AS TEXT) AS said FROM generations),
    dated AS (SELECT *, json_extract(said, '$.created_at') AS moment FROM told)
INSERT INTO generations_2 (n, id, owner, ref, created_at, epoch, claimed_by, state, ended_at, body)
SELECT
    n,
    id,
    json_extract(said, '$.owner'),
    json_extract(said, '$.ref'),
    CAST(strftime('%s', substr(moment, 1, 19)) AS INTEGER) * 1000000
        + iif(substr(moment, 20, 1) = '.', CAST(substr(moment, 21, 6) AS INTEGER), 0),
    epoch,
    claimed_by,
    (
        SELECT json_extract(CAST(records.body AS TEXT), '$.state') FROM records
        WHERE generation = n AND records.epoch IS NOT NULL
        ORDER BY records.epoch DESC, seq DESC
        LIMIT 1
    ),
    ended_at,
    body
FROM dated;

DROP TABLE generations;
ALTER TABLE generations_2 RENAME TO generations;

-- Serves both ends: the unfinished (NULL), and the purge of those that ended before some moment.
CREATE INDEX generations_by_end ON generations (ended_at);

-- A list is the newest of each state wanted, merged: the rare state costs no walk through the common one.
CREATE INDEX generations_by_owner ON generations (owner, state, created_at, id);
CREATE INDEX generations_by_ref ON generations (owner, ref, state, created_at, id) WHERE ref IS NOT NULL;

-- What is left of the forgotten; swept once nothing else of theirs is anywhere.
CREATE TABLE tombstones (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    forgotten_at INTEGER NOT NULL,
    is_swept INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX tombstones_unswept ON tombstones (n) WHERE is_swept = 0;
CREATE INDEX tombstones_swept ON tombstones (forgotten_at) WHERE is_swept = 1;
