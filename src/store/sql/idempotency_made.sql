-- The access and the end of the credential as they are now: both may be more than in the kept response.
iif(code = 'replay', (SELECT json_object('row', i.made, 'key', i.key, 'sealed', i.sealed, 'access', c.access, 'expires_at', c.expires_at)
  FROM idempotency AS i LEFT JOIN credentials AS c ON c.tenant = i.tenant AND c.id = i.made ->> '$.id'
  WHERE i.tenant = {keyed_tenant} AND i.caller = verdict.caller AND i.id = ?1 ->> '$.idempotency.id'), NULL)
