-- The number of valid secrets, for a rotation only.
iif(?1 ->> '$.rotation' IS NULL, NULL, (SELECT count(*) FROM secrets AS s
  WHERE s.tenant = merged.tenant AND s.credential = merged.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1))) AS live,
-- Whether the change brings a secret other than the newest one, compared under every configured key.
iif(?1 ->> '$.secret.id' IS NULL, 0, NOT EXISTS (
  SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof
  WHERE proof.value ->> 'id' = newest AND proof.value ->> 'digest' = newest_digest)) AS resecret,
-- Whether the change adds a role to a credential of a tenant without RBAC; computed only for a body that names roles.
iif(rbac OR coalesce(json_array_length(given, '$.role_names'), 0) = 0 OR to_document -> '$.roles' IS document -> '$.roles', 0, EXISTS (
  SELECT value FROM json_each(to_document, '$.roles') EXCEPT SELECT value FROM json_each(document, '$.roles'))) AS adds_roles,
