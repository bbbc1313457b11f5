DELETE FROM idempotency WHERE (tenant, caller, id) IN (
  SELECT tenant, caller, id FROM idempotency WHERE created_at <= ?1 - 86400000000 ORDER BY created_at LIMIT 1000)
RETURNING 1 AS forgotten
