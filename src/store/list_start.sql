-- Where a page begins: behind a place that the request names ($.page.at and $.page.id), or behind a credential ($.page.from),
-- which may have been deleted since: its event knows where it stood. One row; none where the verdict is not `go`.
, start AS MATERIALIZED (
  SELECT verdict.place, verdict.caller_tenant,
    coalesce(?1 ->> '$.page.at', c.created_at, e.changes ->> '$.created_at.before') AS created_at,
    coalesce(?1 ->> '$.page.name', c.name, e.changes ->> '$.name.before') AS name,
    coalesce(?1 ->> '$.page.id', c.id, e.credential) AS id
  FROM verdict
  LEFT JOIN credentials AS c ON c.tenant = verdict.place AND c.id = ?1 ->> '$.page.from'
  LEFT JOIN events AS e ON e.tenant = verdict.place AND c.id IS NULL AND e.seq = (
    SELECT max(seq) FROM events INDEXED BY events_of_deleted
    WHERE tenant = verdict.place AND credential = ?1 ->> '$.page.from' AND action = 'deleted')
  WHERE verdict.code = 'go'
)
