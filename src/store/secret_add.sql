-- Follows the write of the credential in the same batch: only where that wrote (its stamp tells), and the secret is
-- new: it is there already, maybe under the previous key, where it stays the same.
INSERT INTO secrets (id, tenant, credential, digest, key, sealed, hint, created_at, expires_at,
  change, changed_at, changed_by, changed_request)
SELECT ?1 ->> '$.secret.id', c.tenant, c.id, ?1 ->> '$.secret.digest', ?1 ->> '$.secret.key',
  -- A rotation seals the new secret if the one that it replaces was sealed.
  iif(?1 ->> '$.rotation' IS NULL OR found.sealed IS NOT NULL, ?1 ->> '$.secret.sealed', NULL), ?1 ->> '$.secret.hint', ?1 ->> '$.now', NULL,
  c.change, c.changed_at, c.changed_by, c.changed_request
FROM found CROSS JOIN credentials AS c
  ON c.tenant = found.place AND c.id = ?1 ->> '$.credential' AND c.change = ?1 ->> '$.change'
WHERE NOT EXISTS (
  SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id')
