-- The access and the end of the credential as they are now: both may be more than in the kept response. `own`: the caller rotated itself
-- in the last ten minutes.
iif(code = 'replay', (SELECT json_object('row', i.made, 'key', i.key, 'sealed', i.sealed, 'access', c.access, 'expires_at', c.expires_at,
    'own', i.made ->> '$.id' = verdict.caller AND i.created_at > (?1 ->> '$.now') - 600000000)
  FROM idempotency AS i LEFT JOIN credentials AS c ON c.tenant = i.tenant AND c.id = i.made ->> '$.id'
  WHERE i.tenant = {keyed_tenant} AND i.caller = verdict.caller AND i.id = ?1 ->> '$.idempotency.id'), NULL)
