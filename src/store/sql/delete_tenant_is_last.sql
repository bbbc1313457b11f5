(total <= {step} AND NOT EXISTS (
  SELECT 1 FROM principals AS p WHERE p.tenant = verdict.tenant LIMIT 1 OFFSET {step}))
