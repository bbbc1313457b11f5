-- Judges a deletion, and stamps what it takes with it where the verdict is `go`: the view's triggers do. The statements after this
-- one go by the stamp, since the caller may be among what is deleted.
INSERT INTO {view} (judged, tenant, id, principal, writes, change, changed_at, changed_by, changed_request)
SELECT {judged}, tenant, {id}, principal, code = 'go', ?1 ->> '$.change', ?1 ->> '$.now', caller,
  ?1 ->> '$.request'
FROM verdict WHERE 1
RETURNING judged
