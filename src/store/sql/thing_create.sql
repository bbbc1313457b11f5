-- Inserts into a view whose trigger writes the row if the verdict is `go`. Returns the verdict and the new resource. The columns are
-- those of the view, in its order.
INSERT INTO {view}
SELECT {judged}, {tenant} AS tenant, {id} AS id, {label} AS label, to_document AS state, 1 AS revision,
  coalesce(?1 ->> '$.times.created_at', ?1 ->> '$.now') AS created_at, coalesce(?1 ->> '$.times.updated_at', ?1 ->> '$.now') AS updated_at,
  NULL AS last_used_at, NULL AS newest, NULL AS sealing_key, NULL AS sealed, {secrets} AS secrets, {made} AS made,
  principal, code = 'go' AS writes, 1 AS differs,
  ?1 ->> '$.change' AS change, ?1 ->> '$.now' AS changed_at, caller AS changed_by, ?1 ->> '$.request' AS changed_request,
  ?1 ->> '$.idempotency.id' AS keyed_id, ?1 ->> '$.idempotency.body' AS keyed_body,
  ?1 ->> '$.secret.key' AS keyed_key, ?1 ->> '$.idempotency.sealed' AS keyed_sealed
FROM verdict WHERE 1
RETURNING judged, tenant, id, label, state, revision, created_at, updated_at, last_used_at, newest, sealing_key, sealed, secrets, made
