SELECT generations.id, deliveries.epoch, seq, due_at, tries, is_dead, detail
FROM deliveries JOIN generations ON n = generation
WHERE is_dead = 0 AND NOT EXISTS (
    SELECT 1 FROM deliveries AS before
    WHERE before.generation = deliveries.generation AND before.is_dead = 0
        AND (before.epoch, before.seq) < (deliveries.epoch, deliveries.seq)
)
ORDER BY due_at
LIMIT ?
