DELETE FROM secrets WHERE ending AND change = ?1 ->> '$.change' AND (tenant, credential) = (
  SELECT tenant, id FROM credentials WHERE id {is_credential} AND change = ?1 ->> '$.change')
