-- Read-only members whose value in the body differs from the stored one. They are compared as JSON, since in SQL
-- true equals 1.
json((SELECT nullif(json_group_array(a.key), '[]') FROM json_each(given, '$.asserted') AS a
  WHERE given -> fullkey <> iif(a.key IN ('keys', 'trusts'),
    (SELECT json_group_array(key ORDER BY key) FROM json_each(document -> a.key)),
    json_object('id', merged.id, 'tenant', tenant, 'label', label, 'revision', revision, 'created_at', created_at,
      'updated_at', updated_at, 'revoked_at', document ->> '$.revoked_at', 'revoked_reason', document ->> '$.revoked_reason') -> a.key)))
