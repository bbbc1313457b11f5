-- Keeps the id of an assertion that may be used once, if its key or trust still lets the credential in. Returns a row if it was not
-- kept before. It is kept among the responses of idempotent requests, which are forgotten after a day: until the end of the
-- assertion at least.
INSERT INTO idempotency (tenant, caller, id, body, change, created_at, made)
SELECT c.tenant, ?1 ->> '$.client', ?1 ->> '$.digest', ?1 ->> '$.digest', ?1 ->> '$.change',
  max(?1 ->> '$.now', ?1 ->> '$.until' - 86400000000), '{}'
FROM (SELECT tenant, id AS credential, means ->> '$.expires_at' AS expires_at
  FROM (SELECT *, {means_of_client} AS means FROM credentials WHERE id = ?1 ->> '$.client') WHERE means ->> '$.created_at' = ?1 ->> '$.made') AS s
{owner}
WHERE {state} = 'go'
ON CONFLICT DO NOTHING
RETURNING 1 AS kept
