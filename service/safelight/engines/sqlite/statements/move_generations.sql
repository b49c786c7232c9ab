UPDATE generations
SET state = moved.column2, ended_at = moved.column3
FROM (VALUES (?, ?, ?)) AS moved
WHERE n = moved.column1
