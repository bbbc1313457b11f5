EXISTS (SELECT 1 FROM credentials AS c WHERE c.id = ?1 ->> '$.credential')
OR EXISTS (SELECT 1 FROM events AS e INDEXED BY events_of_deleted
  WHERE e.id = ?1 ->> '$.credential' AND e.action = 'deleted' AND e.noun = 'credential')
