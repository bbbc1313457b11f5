-- Moves secrets to the current master key, unless another request already did. The value stays the same, and so does
-- the revision; the history records the move. Runs after the notes, which find a secret by its previous id.
UPDATE secrets SET id = moved.value ->> 'id', digest = moved.value ->> 'digest', key = moved.value ->> 'key',
  sealed = moved.value ->> 'sealed',
  change = ?1 ->> '$.change', changed_at = ?1 ->> '$.now', changed_by = ?1 ->> '$.by', changed_request = ?1 ->> '$.request'
FROM json_each(?1, '$.rekeyed') AS moved
WHERE secrets.id = moved.value ->> 'from' AND secrets.key <> moved.value ->> 'key'
