DELETE FROM idempotency WHERE created_at <= ?1 - 86400000000
