total > ?1 ->> '$.bound' OR EXISTS (
  SELECT 1 FROM principals AS p WHERE p.tenant = verdict_of.tenant LIMIT 1 OFFSET (?1 ->> '$.bound'))
