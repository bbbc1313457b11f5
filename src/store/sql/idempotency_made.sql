iif(code = 'replay', (SELECT i.{column} FROM idempotency AS i
  WHERE i.tenant = {keyed_tenant} AND i.caller = verdict.caller AND i.id = ?1 ->> '$.idempotency.id'), NULL)
