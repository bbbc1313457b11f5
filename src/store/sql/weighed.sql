-- The document after the change (RFC 7396): a member of $.set replaces, null removes, an absent one keeps. The body
-- is read from `given` only, which is empty for a caller without the required right. `patched` is a CTE of its own, since SQLite would
-- repeat its expression wherever a document after the change uses it.
patched AS MATERIALIZED (SELECT found.*, json_patch({base}, {set}) AS patched FROM found),
merged AS MATERIALIZED (SELECT *, {to_document} AS to_document FROM patched),
-- What the change would do, and the violations that only the database can find: an object with the details of each.
weighed AS MATERIALIZED (
  SELECT merged.*, to_document IS NOT document AS differs,
    -- Whether it changes a key that an editor may not change: any but these. Not computed for an admin.
    iif(rank < 4 AND id IS NOT NULL, json_remove(to_document, {free}) IS NOT json_remove(document, {free}), 0) AS restricted,
    {weighed}
    -- The patch leaves out what is null.
    json_patch('{}', json_object(
      {violations}
      'too_large', iif(length(CAST(to_document AS BLOB)) > {state_bytes_max}, 1, NULL),
      -- Read-only members whose value in the body differs from the stored one. They are compared as JSON, since in SQL
      -- true equals 1.
      'read_only', json((SELECT nullif(json_group_array(a.key), '[]') FROM json_each(given, '$.asserted') AS a
        WHERE given -> fullkey <> iif(a.key IN ('keys', 'trusts'),
          (SELECT json_group_array(key ORDER BY key) FROM json_each(document -> a.key)),
          json_object('id', merged.id, 'tenant', tenant, 'label', label, 'revision', revision, 'created_at', created_at,
            'updated_at', updated_at, 'revoked_at', document ->> '$.revoked_at', 'revoked_reason', document ->> '$.revoked_reason') -> a.key)))
    )) AS violations
  FROM merged
)
