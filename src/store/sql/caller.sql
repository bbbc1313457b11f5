-- The credential of the caller's token. Verification (verify.sql) uses the same {state} and {owner} for other tokens.
-- A proof is a secret's id and the keyed digest of the token. Without a valid proof, the row is the last one.
SELECT NULL AS tenant, 'root' AS id, 5 AS rank, 0 AS verifies_all, NULL AS ends_at, 'go' AS state, NULL AS secret, NULL AS secret_made,
  0 AS unnoted, NULL AS key, NULL AS sealed, NULL AS retires_at, NULL AS retires_since
WHERE ?1 ->> '$.caller.root'
UNION ALL
SELECT c.tenant, c.id,
  -- The rank (src/caller.rs, Rank).
  CASE c.access WHEN 'admin' THEN 4 WHEN 'edit' THEN 3 WHEN 'read' THEN 2 WHEN 'verify' THEN 1 WHEN 'verify_all' THEN 1 ELSE 0 END,
  c.access = 'verify_all',
  -- The earlier of the credential's end and the secret's.
  coalesce(min(c.expires_at, s.expires_at), c.expires_at, s.expires_at),
  {state},
  s.id, s.created_at,
  {unnoted}, s.key, s.sealed, s.expires_at, s.changed_at
FROM (
  -- The first proof that matches, if the secret is the claimed client's: under the current key first, so that a token
  -- that was chosen twice, under two keys, has one owner. json_each keeps the order of an array; ORDER BY would sort.
  SELECT {columns} FROM json_each(?1, '$.caller.proofs') AS proof
    CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest'
    WHERE coalesce(s.credential = ?1 ->> '$.caller.client', 1)
  UNION ALL
  -- An access token, whose signature was checked before: it names the secret that it was issued for.
  SELECT {columns} FROM secrets AS s WHERE s.id = ?1 ->> '$.caller.id' AND s.created_at = ?1 ->> '$.caller.made'
  UNION ALL
  -- An access token that a key or a trust was exchanged for.
  SELECT NULL, tenant, id, NULL, NULL, created_at, means ->> '$.expires_at', last_used_at, NULL
  FROM (SELECT tenant, id, created_at, last_used_at, {means_of_caller} AS means FROM credentials WHERE id = ?1 ->> '$.caller.credential') WHERE means ->> '$.created_at' = ?1 ->> '$.caller.made'
) AS s
{owner}
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, 'unauthenticated', NULL, NULL, NULL, NULL, NULL, NULL, NULL
LIMIT 0,1
