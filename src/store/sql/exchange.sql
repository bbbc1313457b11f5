-- The credential that an assertion is for, if it is valid, with its keys. Nothing else that is stored matters.
SELECT c.tenant, c.id, c.expires_at, c.unrestricted, c.roles, c.keys, t.role_names, {unnoted} AS unnoted
FROM (SELECT tenant, id AS credential, NULL AS expires_at, last_used_at FROM credentials WHERE id = ?1 ->> '$.client') AS s
{owner}
WHERE {state} = 'go'
