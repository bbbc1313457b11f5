-- Stamps what is to be deleted; the statement goes on with which. Those after it go by the stamp, since the caller may be
-- among what is deleted.
UPDATE credentials SET ending = 1, change = ?1 ->> '$.change', changed_at = ?1 ->> '$.now', changed_by = verdict.caller,
  changed_request = ?1 ->> '$.request'
FROM verdict
