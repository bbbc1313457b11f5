-- Inserts into a view whose trigger deletes what this batch includes, if the verdict is `go`. The columns are those of
-- the view, in its order.
INSERT INTO {view}
SELECT {judged}, code <> 'go' OR {is_last} AS is_last, tenant, {id} AS id, principal, code = 'go' AS writes, {step} AS step,
  ?1 ->> '$.change' AS change, ?1 ->> '$.now' AS changed_at, caller AS changed_by, ?1 ->> '$.request' AS changed_request
FROM verdict WHERE 1
RETURNING judged, is_last
