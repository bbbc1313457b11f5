-- Inserts into a view whose trigger writes the row if the verdict is `go` and something differs. Returns the verdict
-- and the resource after the change. The columns are those of the view, in its order.
INSERT INTO {view}
SELECT {judged}, {tenant} AS tenant, {id} AS id, {label} AS label, to_document AS state, revision + writes AS revision, created_at,
  -- Always later than before, even if a client chose the previous time or clocks disagree.
  iif(writes, max(?1 ->> '$.now', min(updated_at + 1, 9007199254740991)), updated_at) AS updated_at,
  {last_used_at} AS last_used_at, {newest} AS newest, {sealing_key} AS sealing_key, {sealed} AS sealed, {secrets} AS secrets,
  {made} AS made,
  principal, writes, differs,
  ?1 ->> '$.change' AS change, ?1 ->> '$.now' AS changed_at, caller AS changed_by, ?1 ->> '$.request' AS changed_request,
  ?1 ->> '$.idempotency.id' AS keyed_id, ?1 ->> '$.idempotency.body' AS keyed_body,
  ?1 ->> '$.secret.key' AS keyed_key, ?1 ->> '$.idempotency.sealed' AS keyed_sealed
FROM (SELECT *, code = 'go' AND ({writes}) AS writes FROM verdict) AS verdict WHERE 1
RETURNING judged, tenant, id, label, state, revision, created_at, updated_at, last_used_at, newest, sealing_key, sealed, secrets, made
