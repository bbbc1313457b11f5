-- The credentials of a principal are counted only if the tenant has more than one batch deletes.
(total <= {step} OR (principal IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM credentials_of_principal AS c WHERE c.tenant = verdict.tenant AND c.principal = verdict.principal
  LIMIT 1 OFFSET {step})))
