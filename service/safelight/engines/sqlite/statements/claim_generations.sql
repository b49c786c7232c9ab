UPDATE generations
SET epoch = claim.column2, claimed_by = claim.column3
FROM (VALUES (?, ?, ?)) AS claim
WHERE n = claim.column1
