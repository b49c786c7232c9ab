SELECT generations.id, deliveries.epoch, seq, due_at, tries, is_dead, detail
FROM deliveries JOIN generations ON n = generation
WHERE owner = :owner AND (:id IS NULL OR generations.id = :id)
ORDER BY generation, deliveries.epoch, seq
LIMIT :limit
