-- When a record was written, in microseconds since 1970; NULL for those from before this was noted.
ALTER TABLE records ADD COLUMN at INTEGER;
