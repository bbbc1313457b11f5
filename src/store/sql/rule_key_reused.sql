?1 ->> '$.idempotency.id' IS NOT NULL AND EXISTS (
  SELECT 1 FROM idempotency AS i WHERE i.tenant = {keyed_tenant} AND i.caller = verdict_of.caller
    AND i.id = ?1 ->> '$.idempotency.id' AND i.created_at > (?1 ->> '$.now') - {kept_for})
