DELETE FROM secrets WHERE (tenant, credential) = (SELECT place.id, ?1 ->> '$.credential' FROM place)
  AND ending AND change = ?1 ->> '$.change'
