-- The credential as it now is, with its secrets: after the writes of a batch, and before a secret that ends is deleted, since that may
-- be the caller's. Only shown where the verdict was `go`; of another tenant nothing is read.
SELECT r.*, (
  SELECT json_group_array(json_object('id', s.id, 'hint', s.hint, 'created_at', s.created_at, 'expires_at', s.expires_at,
    'last_used_at', s.last_used_at) ORDER BY s.created_at, s.id)
  FROM secrets AS s WHERE s.tenant = r.tenant AND s.credential = r.id AND NOT s.ending
    AND coalesce(s.expires_at > ?1 ->> '$.now', 1)) AS secrets
FROM found CROSS JOIN credentials AS r ON r.tenant = found.place AND r.id = ?1 ->> '$.credential'
