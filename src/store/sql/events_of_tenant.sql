SELECT {judged}, {event_nulls} FROM verdict
UNION ALL SELECT NULL, {event} FROM (
  SELECT e.* FROM verdict CROSS JOIN events AS e ON e.tenant = verdict.tenant AND e.seq <= coalesce(?1 ->> '$.seq', 9007199254740991)
  WHERE verdict.code = 'go' ORDER BY e.seq DESC LIMIT (?1 ->> '$.page.limit') + 1) AS e
