-- The credential as the change would leave it: a member of $.set replaces, null included; one that is not there keeps.
-- Where the change is of one context, the roles outside of it are kept.
merged AS MATERIALIZED (
  SELECT found.*,
    iif(json_type(?1, '$.set.principal') IS NULL, principal, ?1 ->> '$.set.principal') AS to_principal,
    iif(json_type(?1, '$.set.name') IS NULL, name, ?1 ->> '$.set.name') AS to_name,
    iif(json_type(?1, '$.set.description') IS NULL, description, ?1 ->> '$.set.description') AS to_description,
    -- A face that says "active" for what is enabled and not revoked cannot speak of a revoked one.
    iif(json_type(?1, '$.set.enabled') IS NULL OR (?1 ->> '$.active' AND revoked_at IS NOT NULL), enabled, ?1 ->> '$.set.enabled')
      AS to_enabled,
    CASE
      WHEN json_type(?1, '$.set.roles') IS NULL THEN roles
      WHEN json_type(?1, '$.context') IS NULL THEN ?1 ->> '$.set.roles'
      ELSE (
        SELECT nullif(json_group_array(json(role) ORDER BY role ->> 'resource', role ->> 'resource_instance', role ->> 'role_id'), '[]')
        FROM (
          SELECT kept.value AS role FROM json_each(found.roles) AS kept
          WHERE NOT (kept.value ->> 'resource' IS ?1 ->> '$.context.resource'
            AND kept.value ->> 'resource_instance' IS ?1 ->> '$.context.resource_instance')
          UNION SELECT said.value FROM json_each(?1, '$.set.roles') AS said))
    END AS to_roles,
    -- What is made without a word on its end ends with its maker.
    iif(json_type(?1, '$.set.expires_at') IS NULL, iif(id IS NULL, caller_expires_at, expires_at), ?1 ->> '$.set.expires_at')
      AS to_expires_at,
    -- RFC 7396 merges member by member, null taking one away; else the whole is replaced.
    CASE
      WHEN json_type(?1, '$.set.metadata') IS NULL THEN coalesce(metadata, '{}')
      WHEN json_type(?1, '$.set.metadata') = 'null' THEN '{}'
      ELSE (
        SELECT json_group_object(key, value ORDER BY key) FROM (
          SELECT kept.key, kept.value FROM json_each(coalesce(found.metadata, '{}')) AS kept
          WHERE ?1 ->> '$.merges' AND kept.key NOT IN (SELECT key FROM json_each(?1, '$.set.metadata'))
          UNION ALL SELECT said.key, said.value FROM json_each(?1, '$.set.metadata') AS said WHERE said.type <> 'null'))
    END AS to_metadata,
    -- Revoked is revoked: a second time changes nothing but the reason.
    CASE
      WHEN json_type(?1, '$.set.revoked_at') IS NULL OR (json_type(?1, '$.set.revoked_at') <> 'null' AND revoked_at IS NOT NULL)
        THEN revoked_at
      ELSE ?1 ->> '$.set.revoked_at' END AS to_revoked_at,
    iif(json_type(?1, '$.set.revoked_at') IS NULL, revoked_reason, ?1 ->> '$.set.revoked_reason') AS to_revoked_reason
  FROM found
),
-- What it would change, and the violations that only the database can see.
weighed AS MATERIALIZED (
  SELECT merged.*,
    (to_principal, to_name, to_description, to_enabled, to_roles, to_expires_at, to_metadata, to_revoked_at, to_revoked_reason)
      IS NOT (principal, name, description, enabled, roles, expires_at, metadata, revoked_at, revoked_reason) AS differs,
    -- What an editor may not touch.
    (id IS NOT NULL AND (to_principal, to_enabled, to_roles, to_expires_at, to_metadata, to_revoked_at, to_revoked_reason)
      IS NOT (principal, enabled, roles, expires_at, metadata, revoked_at, revoked_reason)) AS restricted,
    -- Nobody gives a later end than its own.
    (caller_expires_at IS NOT NULL AND coalesce(to_expires_at > caller_expires_at, 1) AND (id IS NULL OR to_expires_at IS NOT expires_at))
      AS outlives,
    -- Members that only read, and are said to be what they are not. SQLite takes true for 1.
    (SELECT json_group_array(said.key) FROM json_each(?1, '$.asserted') AS said
      JOIN json_each(json_object(
        'id', coalesce(merged.id, whom, place), 'tenant', place, 'revision', coalesce(revision, whom_revision, place_revision),
        'created_at', coalesce(created_at, parent_created_at), 'updated_at', coalesce(updated_at, parent_updated_at),
        'label', label, 'revoked_at', revoked_at, 'revoked_reason', revoked_reason)) AS held
      ON held.key = said.key AND (held.type, held.value) IS NOT (said.type, said.value)) AS read_only,
    (SELECT count(*) FROM json_each(to_metadata)) > 16 AS too_many_metadata, -- METADATA_MAX of validate.rs
    length(CAST(to_metadata AS BLOB)) > 4096 AS too_large_metadata, -- METADATA_BYTES_MAX
    -- How many secrets it has that still hold; asked for by a rotation alone.
    iif(?1 ->> '$.rotation' IS NULL, NULL, (SELECT count(*) FROM secrets AS s
      WHERE s.tenant = merged.tenant AND s.credential = merged.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1))) AS live,
    -- The newest secret, under whichever key, is not the one that the change brings.
    (?1 ->> '$.secret.id' IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof
      WHERE proof.value ->> 'id' = newest AND proof.value ->> 'digest' = newest_digest)) AS resecret,
    EXISTS (SELECT value FROM json_each(merged.to_roles) EXCEPT SELECT value FROM json_each(merged.roles)) AS adds_roles,
    -- A role that it has, and that the tenant does not know any more, may stay: PUT of what GET shows changes nothing.
    (SELECT json_group_array(named.value ->> 0) FROM json_each(?1, '$.role_names') AS named
      WHERE named.value ->> 1 NOT IN (SELECT value FROM json_each(merged.role_names))
        AND (named.value ->> 1 NOT IN (SELECT held.value ->> 'role_id' FROM json_each(merged.roles) AS held)
          OR named.value ->> 1 IN (SELECT value ->> 'role_id' FROM (
            SELECT value FROM json_each(merged.to_roles) EXCEPT SELECT value FROM json_each(merged.roles))))) AS unknown_roles,
    coalesce(json_array_length(to_roles) > 100, 0) AS too_many_roles, -- ROLES_MAX of validate.rs, on the merged whole
    (json_type(?1, '$.context') IS NOT NULL AND to_roles IS NULL AND roles IS NOT NULL) AS last_role,
    (json_type(?1, '$.set.principal') IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM principals AS p WHERE p.tenant = merged.place AND p.id = ?1 ->> '$.set.principal')) AS unknown_principal
  FROM merged
),
