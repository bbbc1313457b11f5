-- Claims the next fetch of an issuer's keys: one a minute. Returns a row if it was claimed. An issuer without keys is one of at most 60 that
-- are tried in a minute, or the first of its tenant in that minute: so many tenants cannot use up what another one needs. A new one is one of at most 20 that
-- are known for its tenant. A time in the future, after the clock was set back, does not count.
INSERT INTO issuers (issuer, tenant, tried_at)
SELECT ?1 ->> '$.issuer', ?1 ->> '$.tenant', ?1 ->> '$.now'
WHERE EXISTS (SELECT 1 FROM issuers WHERE issuer = ?1 ->> '$.issuer' AND keys IS NOT NULL)
  OR (((SELECT count(*) FROM (SELECT 1 FROM issuers WHERE keys IS NULL
      AND tried_at BETWEEN (?1 ->> '$.now') - 60000000 AND (?1 ->> '$.now') + 60000000 LIMIT 60)) < 60
      OR NOT EXISTS (SELECT 1 FROM issuers WHERE tenant = ?1 ->> '$.tenant' AND keys IS NULL
        AND tried_at BETWEEN (?1 ->> '$.now') - 60000000 AND (?1 ->> '$.now') + 60000000))
    AND (EXISTS (SELECT 1 FROM issuers WHERE issuer = ?1 ->> '$.issuer')
      OR (SELECT count(*) FROM (SELECT 1 FROM issuers WHERE tenant = ?1 ->> '$.tenant' LIMIT 20)) < 20))
ON CONFLICT (issuer) DO UPDATE SET tried_at = excluded.tried_at WHERE abs(excluded.tried_at - issuers.tried_at) >= 60000000
RETURNING 1 AS claimed
