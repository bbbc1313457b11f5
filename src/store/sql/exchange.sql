-- The credential that an assertion is for, if it is valid, with its keys; or, for an issuer, with its trusts and the keys that
-- were fetched from the issuer. Nothing else that is stored matters.
SELECT c.tenant, c.expires_at, c.unrestricted, c.roles, iif(?1 ->> '$.issuer' IS NULL, c.keys, c.trusts) AS means, t.role_names, {unnoted} AS unnoted,
  iif(EXISTS (SELECT 1 FROM json_each(c.trusts) WHERE value ->> 'issuer' = ?1 ->> '$.issuer'), ({issuer}), NULL) AS issuer
FROM (SELECT tenant, id AS credential, NULL AS expires_at, last_used_at FROM credentials WHERE id = ?1 ->> '$.client') AS s
{owner}
WHERE {state} = 'go'
