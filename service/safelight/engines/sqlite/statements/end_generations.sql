UPDATE generations
SET ended_at = ended.column2
FROM (VALUES (?, ?)) AS ended
WHERE n = ended.column1
