-- The document after the change (RFC 7396): a member of $.set replaces, null removes, an absent one keeps. The body
-- is read from `given` only, which is empty for a caller without the required right.
merged AS MATERIALIZED (
  SELECT *, {to_document} AS to_document FROM (SELECT found.*, json_patch({base}, {set}) AS patched FROM found)
),
-- What the change would do, and the violations that only the database can find: a list of [name, detail].
weighed AS MATERIALIZED (
  SELECT merged.*, to_document IS NOT document AS differs,
    -- Whether it changes a key that an editor may not change: any but these.
    id IS NOT NULL AND json_remove(to_document, {free}) IS NOT json_remove(document, {free}) AS restricted,
    {weighed}
    (SELECT json_group_array(json_array(column1, json(column2))) FROM (VALUES
      {violations}
      ('too_large', iif(length(CAST(to_document AS BLOB)) > {state_bytes_max}, 1, NULL)),
      ('read_only', read_only))
      WHERE column2 IS NOT NULL) AS violations
  -- Read-only members whose value in the body differs from the stored one. They are compared as JSON, since in SQL
  -- true equals 1.
  FROM (SELECT *, (SELECT nullif(json_group_array(member), '[]') FROM (
    SELECT column1 AS member, column2 AS asserted, column3 AS held FROM (VALUES
      -- The first row has an expression: a bare column in it would name column3.
      ('revoked_at', given -> '$.asserted.revoked_at', document ->> '$.revoked_at'),
      ('id', given -> '$.asserted.id', id),
      ('tenant', given -> '$.asserted.tenant', tenant),
      ('label', given -> '$.asserted.label', label),
      ('revision', given -> '$.asserted.revision', revision),
      ('created_at', given -> '$.asserted.created_at', created_at),
      ('updated_at', given -> '$.asserted.updated_at', updated_at),
      ('revoked_reason', given -> '$.asserted.revoked_reason', document ->> '$.revoked_reason')))
    WHERE asserted <> json_quote(held)) AS read_only FROM merged) AS merged
)
