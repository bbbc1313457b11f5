-- Follows the change of the credential in the same batch. Adds the secret if the change was written (the stamp) and
-- the secret is new. A secret that exists, even under the previous key, is kept.
INSERT INTO secrets (id, tenant, credential, digest, key, sealed, hint, created_at, expires_at,
  change, changed_at, changed_by, changed_request)
SELECT ?1 ->> '$.secret.id', c.tenant, c.id, ?1 ->> '$.secret.digest', ?1 ->> '$.secret.key',
  -- A rotation seals the new secret if the old one is sealed.
  iif(?1 ->> '$.rotation' IS NULL OR newest.sealed IS NOT NULL, ?1 ->> '$.secret.sealed', NULL), ?1 ->> '$.secret.hint',
  -- The newest secret is the one added last, even if the clocks of two locations disagree.
  max(?1 ->> '$.now', coalesce(newest.created_at + 1, 0)), NULL,
  c.change, c.changed_at, c.changed_by, c.changed_request
FROM credentials AS c LEFT JOIN secrets AS newest ON newest.id = (
  SELECT id FROM secrets WHERE tenant = c.tenant AND credential = c.id ORDER BY created_at DESC, id DESC LIMIT 1)
WHERE c.id {is_credential} AND c.change = ?1 ->> '$.change' AND NOT EXISTS (
  SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id')
