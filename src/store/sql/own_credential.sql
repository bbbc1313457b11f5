-- The credentials of the secrets that the caller's token may be. Only the caller's own has the stamp.
IN (SELECT s.credential FROM json_each(?1, '$.caller.proofs') AS proof CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id')
