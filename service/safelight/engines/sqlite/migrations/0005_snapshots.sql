-- A status is kept as it goes over the wire, so that it is encoded once; what the wire does not say stands beside it.
UPDATE records
SET body = CAST(json_patch(CAST(body AS TEXT), json_object(
    'generation', NULL, 'sessionId', json_extract(CAST(body AS TEXT), '$.generation'),
    'provider', NULL, 'providerId', json_extract(CAST(body AS TEXT), '$.provider'),
    'state', NULL, 'status', json_extract(CAST(body AS TEXT), '$.state'),
    'version', NULL, 'epoch', epoch, 'seq', seq,
    'created_at', NULL, 'createdAt', json_extract(CAST(body AS TEXT), '$.created_at'),
    'started_at', NULL, 'startedAt', json_extract(CAST(body AS TEXT), '$.started_at'),
    'ended_at', NULL, 'endedAt', json_extract(CAST(body AS TEXT), '$.ended_at'),
    'deadline_at', NULL, 'deadlineAt', json_extract(CAST(body AS TEXT), '$.deadline_at'),
    'progress_floor', NULL, 'progressFloor', coalesce(json_extract(CAST(body AS TEXT), '$.progress_floor'), 0)
)) AS BLOB)
WHERE kind = 'status' AND json_extract(CAST(body AS TEXT), '$.sessionId') IS NULL;
