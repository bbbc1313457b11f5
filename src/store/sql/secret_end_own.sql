-- Ends the caller's own secret, if the change did not revoke the credential: the secret is being replaced then.
UPDATE secrets SET ending = 1,
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM credentials AS c
WHERE c.id {is_credential} AND c.change = ?1 ->> '$.change' AND c.revoked_at IS NULL
  AND secrets.tenant = c.tenant AND secrets.credential = c.id
  AND secrets.id IN (SELECT proof.value ->> 'id' FROM json_each(?1, '$.caller.proofs') AS proof)
