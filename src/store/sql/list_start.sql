-- Where a page starts: after a position ($.page.at or $.page.name, and $.page.id), or after a credential
-- ($.page.from). The position of a deleted credential is in its event. Name `start` at most three times: SQLite
-- expands it wherever it is named, and allows about 100 tables in a statement.
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
