-- The events of one resource: a walk along `previous` from the requested event, the newest one, or its deletion.
, walk AS (
  SELECT e.* FROM verdict CROSS JOIN events AS e ON e.tenant = verdict.tenant AND e.seq = coalesce(?1 ->> '$.seq',
    {newest},
    (SELECT max(d.seq) FROM events AS d INDEXED BY events_of_deleted
      WHERE d.id = ?1 ->> '$.page.from' AND d.tenant = verdict.tenant AND d.action = 'deleted' AND d.noun = '{noun}'))
    AND e.noun = '{noun}' AND e.id = ?1 ->> '$.page.from'
  WHERE verdict.code = 'go'
  UNION ALL
  SELECT e.* FROM walk CROSS JOIN events AS e ON e.tenant = walk.tenant AND e.seq = walk.previous
  LIMIT (?1 ->> '$.page.limit') + 1
)
SELECT {judged}, {event_nulls} FROM verdict UNION ALL SELECT NULL, {event} FROM walk AS e
