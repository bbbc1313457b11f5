LEFT JOIN credentials AS target ON target.tenant = tenant.id AND target.id = {credential}
  AND coalesce(target.principal = ?1 ->> '$.principal', 1)
LEFT JOIN secrets AS newest
  ON newest.id = (SELECT id FROM secrets WHERE tenant = target.tenant AND credential = target.id
    ORDER BY created_at DESC, id DESC LIMIT 1)
