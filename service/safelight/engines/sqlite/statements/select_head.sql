SELECT n, epoch, state, ended_at, (
    SELECT seq FROM records
    WHERE generation = n AND epoch IS NOT NULL
    ORDER BY epoch DESC, seq DESC
    LIMIT 1
)
FROM generations
WHERE id = ?
