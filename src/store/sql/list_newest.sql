-- The newest secret, if the face reveals it.
LEFT JOIN secrets AS newest ON newest.id = iif(?1 ->> '$.page.secrets', (
  SELECT id FROM secrets WHERE tenant = r.tenant AND credential = r.id ORDER BY created_at DESC, id DESC LIMIT 1), NULL)
