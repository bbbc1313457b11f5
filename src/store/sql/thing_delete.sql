-- Inserts into a view whose trigger stamps everything to be deleted if the verdict is `go`. The following statements
-- find rows by the stamp, since the caller may be among them.
INSERT INTO {view} (judged, tenant, id, principal, writes, change, changed_at, changed_by, changed_request)
SELECT {judged}, tenant, {id}, principal, code = 'go', ?1 ->> '$.change', ?1 ->> '$.now', caller,
  ?1 ->> '$.request'
FROM verdict WHERE 1
RETURNING judged
