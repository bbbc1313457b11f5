-- The credential as the change would leave it. A member of $.set replaces, null included; an absent member keeps.
-- Everything that the body sets is read from `given` (who.sql), which is empty for a caller without the required right.
-- Where the change is of one context, the roles outside of it are kept.
merged AS MATERIALIZED (
  SELECT found.*,
    iif(json_type(given, '$.set.principal') IS NULL, principal, given ->> '$.set.principal') AS to_principal,
    iif(json_type(given, '$.set.name') IS NULL, name, given ->> '$.set.name') AS to_name,
    iif(json_type(given, '$.set.description') IS NULL, description, given ->> '$.set.description') AS to_description,
    -- A face that says "active" for what is enabled and not revoked cannot speak of a revoked one.
    iif(json_type(given, '$.set.enabled') IS NULL OR (?1 ->> '$.active' AND revoked_at IS NOT NULL), enabled, given ->> '$.set.enabled')
      AS to_enabled,
    CASE
      WHEN json_type(given, '$.set.roles') IS NULL THEN roles
      WHEN json_type(given, '$.context') IS NULL THEN given ->> '$.set.roles'
      ELSE (
        SELECT nullif(json_group_array(json(role) ORDER BY role ->> 'resource', role ->> 'resource_instance', role ->> 'role_id'), '[]')
        FROM (
          SELECT kept.value AS role FROM json_each(found.roles) AS kept
          WHERE NOT (kept.value ->> 'resource' IS given ->> '$.context.resource'
            AND kept.value ->> 'resource_instance' IS given ->> '$.context.resource_instance')
          UNION SELECT said.value FROM json_each(given, '$.set.roles') AS said))
    END AS to_roles,
    -- What is made without a word on its end ends with its maker.
    iif(json_type(given, '$.set.expires_at') IS NULL, iif(id IS NULL, caller_expires_at, expires_at), given ->> '$.set.expires_at')
      AS to_expires_at,
    -- RFC 7396 merges member by member, and null removes one. Any other change replaces the whole object.
    CASE
      WHEN json_type(given, '$.set.metadata') IS NULL THEN coalesce(metadata, '{}')
      WHEN json_type(given, '$.set.metadata') = 'null' THEN '{}'
      ELSE (SELECT json_group_object(key, value ORDER BY key) FROM json_each(
        json_patch(iif(?1 ->> '$.merges', coalesce(metadata, '{}'), '{}'), given -> '$.set.metadata')))
    END AS to_metadata,
    -- Revoked is revoked: a second time changes nothing but the reason.
    CASE
      WHEN json_type(given, '$.set.revoked_at') IS NULL OR (json_type(given, '$.set.revoked_at') <> 'null' AND revoked_at IS NOT NULL)
        THEN revoked_at
      ELSE given ->> '$.set.revoked_at' END AS to_revoked_at,
    iif(json_type(given, '$.set.revoked_at') IS NULL, revoked_reason, given ->> '$.set.revoked_reason') AS to_revoked_reason
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
    -- Read-only members whose given value is not the stored one. JSON texts are compared: as SQL values, true is 1.
    (SELECT json_group_array(member) FROM (
      SELECT column1 AS member, column2 AS asserted, column3 AS held FROM (VALUES
        ('id', given -> '$.asserted.id', coalesce(merged.id, whom, place)),
        ('tenant', given -> '$.asserted.tenant', place),
        ('revision', given -> '$.asserted.revision', coalesce(revision, whom_revision, place_revision)),
        ('created_at', given -> '$.asserted.created_at', coalesce(created_at, parent_created_at)),
        ('updated_at', given -> '$.asserted.updated_at', coalesce(updated_at, parent_updated_at)),
        ('label', given -> '$.asserted.label', label),
        ('revoked_at', given -> '$.asserted.revoked_at', revoked_at),
        ('revoked_reason', given -> '$.asserted.revoked_reason', revoked_reason)))
      WHERE asserted <> json_quote(held)) AS read_only,
    (SELECT count(*) FROM json_each(to_metadata)) > 16 AS too_many_metadata, -- METADATA_MAX of validate.rs
    length(CAST(to_metadata AS BLOB)) > 4096 AS too_large_metadata, -- METADATA_BYTES_MAX
    -- How many secrets it has that still hold; asked for by a rotation alone.
    iif(?1 ->> '$.rotation' IS NULL, NULL, (SELECT count(*) FROM secrets AS s
      WHERE s.tenant = merged.tenant AND s.credential = merged.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1))) AS live,
    -- The newest secret, under whichever key, is not the one that the change brings.
    (?1 ->> '$.secret.id' IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof
      WHERE proof.value ->> 'id' = newest AND proof.value ->> 'digest' = newest_digest)) AS resecret,
    -- Read only where the verdict asks for it: in a tenant without RBAC.
    iif(rbac, 0, EXISTS (SELECT value FROM json_each(to_roles) EXCEPT SELECT value FROM json_each(roles))) AS adds_roles,
    -- The names that the tenant does not know. A role that the credential has may stay after its name left the catalogue: PUT of
    -- what GET shows changes nothing. Of a list that breaks a rule, the names are compared alone.
    CASE
      WHEN coalesce(json_array_length(given, '$.role_names'), 0) = 0 THEN '[]'
      WHEN json_type(given, '$.set.roles') IS NULL THEN (
        SELECT json_group_array(name) FROM (
          SELECT value AS name FROM json_each(given, '$.role_names')
          EXCEPT SELECT value FROM json_each(role_names)
          EXCEPT SELECT value ->> 'role_id' FROM json_each(roles)))
      ELSE (
        SELECT json_group_array(name) FROM (
          SELECT value ->> 'role_id' AS name FROM (
            SELECT value FROM json_each(to_roles) EXCEPT SELECT value FROM json_each(roles))
          EXCEPT SELECT value FROM json_each(role_names)))
    END AS unknown_roles,
    coalesce(json_array_length(to_roles) > 100, 0) AS too_many_roles, -- ROLES_MAX of validate.rs, on the merged whole
    (json_type(given, '$.context') IS NOT NULL AND to_roles IS NULL AND roles IS NOT NULL) AS last_role,
    (json_type(given, '$.set.principal') IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM principals AS p WHERE p.tenant = merged.place AND p.id = given ->> '$.set.principal')) AS unknown_principal
  FROM merged
),
