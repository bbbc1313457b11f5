-- Reads the remaining secrets of a credential that this batch changed. The view keeps the response of a rotation with an
-- Idempotency-Key, and ignores a row without one.
INSERT INTO kept
SELECT tenant AS owner, tenant, id, NULL AS label, state, revision, created_at, updated_at, last_used_at,
  {secrets} AS secrets, change, changed_at, changed_by, ?1 ->> '$.idempotency.id' AS keyed_id,
  ?1 ->> '$.idempotency.body' AS keyed_body, ?1 ->> '$.secret.key' AS keyed_key, ?1 ->> '$.idempotency.sealed' AS keyed_sealed
FROM credentials AS c WHERE c.id {is_credential} AND c.change = ?1 ->> '$.change'
RETURNING secrets
