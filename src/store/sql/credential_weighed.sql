-- Whether the credential would expire after the caller.
(caller_expires_at IS NOT NULL AND coalesce(to_document ->> '$.expires_at' > caller_expires_at, 1)
  AND (id IS NULL OR to_document ->> '$.expires_at' IS NOT document ->> '$.expires_at')) AS outlives,
-- The number of valid secrets, for a rotation only.
iif(?1 ->> '$.rotation' IS NULL, NULL, (SELECT count(*) FROM secrets AS s
  WHERE s.tenant = merged.tenant AND s.credential = merged.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1))) AS live,
-- Whether the change brings a secret other than the newest one, compared under every configured key.
(?1 ->> '$.secret.id' IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof
  WHERE proof.value ->> 'id' = newest AND proof.value ->> 'digest' = newest_digest)) AS resecret,
-- Whether the change adds a role; computed only in a tenant without RBAC.
iif(rbac, 0, EXISTS (SELECT value FROM json_each(to_document, '$.roles') EXCEPT SELECT value FROM json_each(document, '$.roles')))
  AS adds_roles,
