-- Statuses that a caller's webhook has not taken yet. Only what they are is kept: the status itself is a record, the URL is
-- the generation's.
CREATE TABLE deliveries (
    generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    is_dead INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (generation, epoch, seq)
) WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE is_dead = 0;
