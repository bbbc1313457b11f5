WHEN caller.rank = 5 AND json_type(?1, '$.bearer') IS NOT NULL THEN (
  SELECT s.tenant FROM json_each(?1, '$.bearer') AS proof
  CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest')
