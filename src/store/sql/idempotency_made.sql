iif(code = 'replay', (SELECT json_object('row', i.made, 'key', i.key, 'sealed', i.sealed) FROM idempotency AS i
  WHERE i.tenant = {keyed_tenant} AND i.caller = verdict.caller AND i.id = ?1 ->> '$.idempotency.id'), NULL)
