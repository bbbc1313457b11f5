-- A caller that expires may not give access that lasts longer than its own: by a later expiry, more access, a new secret,
-- a cancelled rotation, or by enabling or restoring.
outlives AND (resecret OR ?1 ->> '$.rotation' = 'cancel' OR ?1 ->> '$.means.adds'
  OR to_document ->> '$.expires_at' IS NOT document ->> '$.expires_at'
  OR instr('none verify read edit admin', to_document ->> '$.access') > instr('none verify read edit admin', document ->> '$.access')
  OR (to_document ->> '$.enabled' AND to_document ->> '$.revoked_at' IS NULL AND (
    NOT document ->> '$.enabled' OR document ->> '$.revoked_at' IS NOT NULL
    OR (to_document ->> '$.principal' <> document ->> '$.principal' AND NOT EXISTS (SELECT 1 FROM principals AS p
      WHERE p.tenant = verdict_of.tenant AND p.id = document ->> '$.principal' AND p.enabled)))))
