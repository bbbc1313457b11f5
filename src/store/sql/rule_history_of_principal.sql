-- Applies if the principal whose history is requested does not exist and never did.
?1 ->> '$.page.noun' = 'principal'
AND NOT EXISTS (SELECT 1 FROM principals AS p WHERE p.tenant = verdict_of.tenant AND p.id = ?1 ->> '$.page.from')
AND NOT EXISTS (SELECT 1 FROM events AS e INDEXED BY events_of_deleted
  WHERE e.id = ?1 ->> '$.page.from' AND e.tenant = verdict_of.tenant AND e.action = 'deleted' AND e.noun = 'principal')
