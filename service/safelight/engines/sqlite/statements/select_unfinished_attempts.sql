SELECT generation, records.body
FROM generations CROSS JOIN records ON generation = n AND records.epoch IS NULL AND seq IS NULL AND kind = 'attempt'
WHERE ended_at IS NULL
ORDER BY n, records.id
