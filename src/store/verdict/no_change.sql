-- In place of change.sql, for what reads or deletes: there is nothing to weigh, so nothing is read for it.
weighed AS (
  SELECT found.*
    -- Not for a read: from here
    , 0 AS differs, 0 AS restricted, 0 AS outlives, '[]' AS read_only, 0 AS too_many_metadata, 0 AS too_large_metadata,
    NULL AS live, 0 AS resecret, 0 AS adds_roles, '[]' AS unknown_roles, 0 AS too_many_roles, 0 AS last_role, 0 AS unknown_principal
    -- Not for a read: to here
  FROM found
),
