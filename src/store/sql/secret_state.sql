-- Whether a secret (s) is valid, with its credential (c), principal (p) and tenant (t).
CASE
  WHEN s.expires_at <= ?1 ->> '$.now' OR c.expires_at <= ?1 ->> '$.now' THEN 'expired'
  WHEN c.revoked_at IS NOT NULL THEN 'revoked'
  WHEN c.enabled AND p.enabled AND t.enabled THEN 'go'
  ELSE 'inactive' END
