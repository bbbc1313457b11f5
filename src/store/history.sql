-- Events of a tenant, newest first; or of a credential, along the chain that begins at its newest, or at its deletion.
, walk AS (
  SELECT e.* FROM verdict CROSS JOIN events AS e ON e.tenant = verdict.place AND e.seq = coalesce(?1 ->> '$.seq',
    (SELECT c.event FROM credentials AS c WHERE c.tenant = verdict.place AND c.id = ?1 ->> '$.page.from'),
    (SELECT max(d.seq) FROM events AS d INDEXED BY events_of_deleted
      WHERE d.tenant = verdict.place AND d.credential = ?1 ->> '$.page.from' AND d.action = 'deleted'))
    AND e.credential = ?1 ->> '$.page.from'
  WHERE verdict.code = 'go'
  UNION ALL
  SELECT e.* FROM walk CROSS JOIN events AS e ON e.tenant = walk.tenant AND e.seq = walk.previous
  LIMIT (?1 ->> '$.page.limit') + 1
)
SELECT * FROM walk
