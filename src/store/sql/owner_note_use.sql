-- Of the owners of keys and trusts.
UPDATE credentials SET last_used_at = ?1 ->> '$.now'
WHERE (tenant, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1, '$.owners'))
  AND coalesce(last_used_at < (?1 ->> '$.now') - 60000000, 1)
