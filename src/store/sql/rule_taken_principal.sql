verdict_of.principal IS NOT NULL OR EXISTS (SELECT 1 FROM events AS e INDEXED BY events_of_deleted
  WHERE e.id = ?1 ->> '$.principal' AND e.tenant = verdict_of.tenant AND e.action = 'deleted' AND e.noun = 'principal')
