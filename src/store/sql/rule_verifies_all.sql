-- An admin of its tenant may disable and revoke it.
rank < 5 AND 'verify_all' IN (document ->> '$.access', to_document ->> '$.access') AND NOT (
  NOT resecret AND ?1 ->> '$.rotation' IS NULL AND to_document ->> '$.enabled' <= document ->> '$.enabled'
  AND (document ->> '$.revoked_at' IS NULL OR to_document ->> '$.revoked_at' IS NOT NULL)
  AND json_remove(to_document, '$.enabled', '$.revoked_at', '$.revoked_reason')
    IS json_remove(document, '$.enabled', '$.revoked_at', '$.revoked_reason'))
