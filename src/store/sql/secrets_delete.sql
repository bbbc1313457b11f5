DELETE FROM secrets WHERE ending AND change = ?1 ->> '$.change' AND (tenant, credential) IN (
  SELECT tenant, id FROM credentials INDEXED BY credentials_ending WHERE ending AND change = ?1 ->> '$.change')
