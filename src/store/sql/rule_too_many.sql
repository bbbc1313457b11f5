total > ?1 ->> '$.bound' AND (?1 ->> '$.principal' IS NULL OR ?1 ->> '$.bound' < (SELECT count(*) FROM (
  SELECT 1 FROM credentials_of_principal AS c WHERE c.tenant = verdict_of.tenant AND c.principal = ?1 ->> '$.principal'
  LIMIT (?1 ->> '$.bound') + 1)))
