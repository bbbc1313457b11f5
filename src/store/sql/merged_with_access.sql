-- On a face without access, roles give it: on creation, and where they change, unless the access was set elsewhere.
patched AS (SELECT found.*, json_patch({base}, {set}) AS patched FROM found LIMIT 0,1),
merged AS (
  SELECT *, iif(json_type(given, '$.access_of_roles') IS NOT NULL {if_changed}, json_set(patched, '$.access', {access_after}), patched)
    AS to_document
  FROM patched LIMIT 0,1
),
