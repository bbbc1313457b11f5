-- Whether a secret, a key or a trust is valid ({end}: its own end), with its credential (c), principal (p) and tenant (t).
CASE
  WHEN {end} <= ?1 ->> '$.now' OR c.expires_at <= ?1 ->> '$.now' THEN 'expired'
  WHEN c.revoked_at IS NOT NULL THEN 'revoked'
  WHEN c.enabled AND p.enabled AND t.enabled THEN 'go'
  ELSE 'inactive' END
