coalesce(?1 ->> '$.credential', (
  SELECT s.credential FROM json_each(?1, '$.bearer') AS proof
  CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest'
  WHERE s.tenant = tenant.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1)))
