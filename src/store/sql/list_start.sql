-- Where a page begins: after a position that the request names ($.page.at and $.page.id), or after a credential ($.page.from), even
-- if it has been deleted: its event has its position. SQLite expands this text wherever it is named, and takes some 100 tables in a
-- statement: name it at most three times.
, start AS MATERIALIZED (
  SELECT {judged}, verdict.code = 'go' AS goes, verdict.tenant, verdict.caller_tenant,
    coalesce(?1 ->> '$.page.at', c.created_at, e.changes ->> '$.created_at.before') AS created_at,
    coalesce(?1 ->> '$.page.name', c.name, e.changes ->> '$.name.before') AS name,
    coalesce(?1 ->> '$.page.id', c.id, e.id) AS id
  FROM verdict
  LEFT JOIN credentials AS c ON c.tenant = verdict.tenant AND c.id = ?1 ->> '$.page.from'
  LEFT JOIN events AS e ON e.tenant = verdict.tenant AND c.id IS NULL AND e.seq = (
    SELECT max(seq) FROM events INDEXED BY events_of_deleted
    WHERE id = ?1 ->> '$.page.from' AND tenant = verdict.tenant AND action = 'deleted' AND noun = 'credential')
)
