-- Moves a secret to the current master key, unless another request already did. The value stays the same, and so does
-- the revision; the history records the move. Runs after the notes, which find the secret by its previous id.
UPDATE secrets SET id = ?1 ->> '$.rekey.id', digest = ?1 ->> '$.rekey.digest', key = ?1 ->> '$.rekey.key',
  sealed = ?1 ->> '$.rekey.sealed',
  change = ?1 ->> '$.change', changed_at = ?1 ->> '$.now', changed_by = ?1 ->> '$.by', changed_request = ?1 ->> '$.request'
WHERE id = ?1 ->> '$.rekey.from' AND key <> ?1 ->> '$.rekey.key'
