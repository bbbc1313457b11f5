-- Applies if the credential that a list continues after, or whose history is requested, does not exist and never did.
?1 ->> '$.page.from' IS NOT NULL AND coalesce(?1 ->> '$.page.noun' = 'credential', 1)
AND NOT EXISTS (SELECT 1 FROM credentials AS c WHERE c.tenant = verdict_of.tenant AND c.id = ?1 ->> '$.page.from')
AND NOT EXISTS (SELECT 1 FROM events AS e INDEXED BY events_of_deleted
  WHERE e.id = ?1 ->> '$.page.from' AND e.tenant = verdict_of.tenant AND e.action = 'deleted' AND e.noun = 'credential')
