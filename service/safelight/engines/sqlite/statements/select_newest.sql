SELECT value, (
    SELECT body FROM records
    WHERE generation = value AND epoch IS NOT NULL
    ORDER BY epoch DESC, seq DESC
    LIMIT 1
)
FROM json_each(?)
