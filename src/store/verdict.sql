-- One verdict. Everything that can refuse a request is judged here, once, in the order of refusals of every face; each
-- statement of a batch begins with this text, and writes only WHERE code = 'go'. ?1 is the question: one JSON document
-- (src/store/question.rs). A batch is one transaction, so what is judged is what is written to.
--
-- A chain of steps, each of one row, each read by the next one alone: SQLite expands a CTE anew at every place that names
-- it, and a tree of them grows past its limits.
WITH
-- Who calls. A proof is a secret's id and the keyed digest of what was presented; no proof, no row.
caller AS MATERIALIZED (
  SELECT NULL AS tenant, 'root' AS id, 4 AS rank, NULL AS expires_at, 'go' AS state, NULL AS secret, NULL AS secret_made, 0 AS unnoted, NULL AS key, NULL AS sealed,
    NULL AS retires_at, NULL AS retires_since
  WHERE ?1 ->> '$.caller.root'
  UNION ALL
  SELECT c.tenant, c.id,
    -- 3 may do all, 2 edits, 1 reads; no roles is full access; a role on a resource gives no right here.
    CASE WHEN c.roles IS NULL THEN 3 ELSE coalesce((
      SELECT max(CASE role.value ->> 'role_id' WHEN 'admin' THEN 3 WHEN 'editor' THEN 2 WHEN 'viewer' THEN 1 END)
      FROM json_each(c.roles) AS role WHERE role.value ->> 'resource' IS NULL), 0) END,
    c.expires_at,
    CASE
      WHEN s.expires_at <= ?1 ->> '$.now' OR c.expires_at <= ?1 ->> '$.now' THEN 'expired'
      WHEN c.revoked_at IS NOT NULL THEN 'revoked'
      WHEN c.enabled AND p.enabled AND t.enabled THEN 'go'
      ELSE 'inactive' END,
    s.id, s.created_at,
    coalesce(s.last_used_at < (?1 ->> '$.now') - 60000000, 1), s.key, s.sealed, s.expires_at, s.changed_at
  FROM (
    SELECT s.* FROM json_each(?1, '$.caller.proofs') AS proof
    CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest'
    UNION ALL
    -- An access token, whose signature was verified: it names the secret that it was issued for.
    SELECT * FROM secrets WHERE id = ?1 ->> '$.caller.access' AND created_at = ?1 ->> '$.caller.made'
  ) AS s
  CROSS JOIN credentials AS c ON c.tenant = s.tenant AND c.id = s.credential
  CROSS JOIN principals AS p ON p.tenant = c.tenant AND p.id = c.principal
  CROSS JOIN tenants AS t ON t.id = c.tenant
  WHERE coalesce(c.id = ?1 ->> '$.caller.client', 1)
),
-- Where, and on what: the tenant of the path or header, else that of the token that root looks for, else the caller's own
-- (nobody but root sees another's); the principal of the path; the credential as it is now, by its id or by a token of it,
-- under the principal of the path, where that has one; its newest secret.
found AS MATERIALIZED (
  SELECT caller.id AS caller, caller.tenant AS caller_tenant, caller.rank, caller.expires_at AS caller_expires_at,
    coalesce(caller.state, 'unauthenticated') AS state, caller.secret AS caller_secret, caller.secret_made, caller.unnoted,
    caller.key AS caller_key, caller.sealed AS caller_sealed, caller.retires_at, caller.retires_since,
    place.id AS place, place.rbac, place.preconditions, place.role_names, place.credentials AS total,
    place.enabled AS place_enabled, place.revision AS place_revision,
    coalesce(whom.created_at, place.created_at) AS parent_created_at, coalesce(whom.updated_at, place.updated_at) AS parent_updated_at,
    place.label, whom.id AS whom, whom.revision AS whom_revision, whom.enabled AS whom_enabled,
    target.tenant, target.id, target.principal, target.name, target.description, target.enabled, target.roles,
    target.expires_at, target.revision, target.created_at, target.updated_at, target.last_used_at,
    target.metadata, target.revoked_at, target.revoked_reason,
    newest.id AS newest, newest.digest AS newest_digest, newest.key AS sealing_key, newest.sealed
  FROM (SELECT 1) LEFT JOIN caller
  LEFT JOIN tenants AS place
    ON place.id = CASE
      WHEN ?1 ->> '$.tenant.id' IS NOT NULL THEN ?1 ->> '$.tenant.id'
      WHEN ?1 ->> '$.tenant.label' IS NOT NULL THEN (SELECT id FROM tenants WHERE label = ?1 ->> '$.tenant.label')
      WHEN caller.rank = 4 AND json_type(?1, '$.bearer') IS NOT NULL THEN (
        SELECT s.tenant FROM json_each(?1, '$.bearer') AS proof
        CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest')
      ELSE caller.tenant END
    AND (caller.rank = 4 OR caller.tenant = place.id)
  LEFT JOIN principals AS whom ON whom.tenant = place.id AND whom.id = ?1 ->> '$.principal'
  LEFT JOIN credentials AS target
    ON target.tenant = place.id AND target.id = coalesce(?1 ->> '$.credential', (
      SELECT s.credential FROM json_each(?1, '$.bearer') AS proof
      CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest'
      WHERE s.tenant = place.id AND coalesce(s.expires_at > ?1 ->> '$.now', 1)))
    AND coalesce(target.principal = ?1 ->> '$.principal', 1)
  LEFT JOIN secrets AS newest
    ON newest.id = (SELECT id FROM secrets WHERE tenant = target.tenant AND credential = target.id
      ORDER BY created_at DESC, id DESC LIMIT 1)
),
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
verdict AS MATERIALIZED (
  SELECT weighed.*, CASE
    WHEN state IN ('expired', 'revoked') THEN 'unauthenticated'
    WHEN state <> 'go' THEN state
    WHEN rank < ?1 ->> '$.need' THEN 'forbidden'
    WHEN ?1 ->> '$.on' NOT IN ('tenants', 'caller') AND place IS NULL THEN 'missing_tenant'
    WHEN ?1 ->> '$.on' <> 'principals' AND ?1 ->> '$.principal' IS NOT NULL AND whom IS NULL THEN 'missing_principal'
    WHEN ?1 ->> '$.on' = 'credential' AND id IS NULL THEN 'missing_credential'
    -- The credential that a list goes on from: there, or once there.
    WHEN ?1 ->> '$.page.from' IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM credentials AS c WHERE c.tenant = weighed.place AND c.id = ?1 ->> '$.page.from')
      AND NOT EXISTS (SELECT 1 FROM events AS e INDEXED BY events_of_deleted
        WHERE e.tenant = weighed.place AND e.credential = ?1 ->> '$.page.from' AND e.action = 'deleted') THEN 'missing_credential'
    WHEN json_type(?1, '$.if_match') IS NOT NULL AND ?1 ->> '$.on' IN ('credential', 'principal', 'tenant') AND NOT EXISTS (
      SELECT 1 FROM json_each(?1, '$.if_match') AS tag WHERE tag.value IN ('*', CASE ?1 ->> '$.on'
        WHEN 'credential' THEN weighed.id || '.' || weighed.revision
        WHEN 'principal' THEN whom || '.' || whom_revision
        ELSE place || '.' || place_revision END)) THEN 'stale'
    -- Of a write: a read is answered 304 (RFC 9110 §13.1.2).
    WHEN ?1 ->> '$.act' IN ('change', 'delete') AND ?1 ->> '$.on' IN ('credential', 'principal', 'tenant') AND EXISTS (
      SELECT 1 FROM json_each(?1, '$.if_none_match') AS tag WHERE tag.value IN ('*', CASE ?1 ->> '$.on'
        WHEN 'credential' THEN weighed.id || '.' || weighed.revision
        WHEN 'principal' THEN whom || '.' || whom_revision
        ELSE place || '.' || place_revision END)) THEN 'stale'
    WHEN ?1 ->> '$.on' = 'credential' AND ?1 ->> '$.act' IN ('change', 'delete') AND json_type(?1, '$.if_match') IS NULL
      AND preconditions THEN 'unconditional'
    -- Made under this key by this caller within the last day: the same body gets the same answer, another none.
    WHEN ?1 ->> '$.idempotency.id' IS NOT NULL AND EXISTS (
      SELECT 1 FROM idempotency AS i WHERE i.tenant = coalesce(weighed.place, '') AND i.caller = weighed.caller
        AND i.id = ?1 ->> '$.idempotency.id' AND i.change <> ?1 ->> '$.change' AND i.created_at > (?1 ->> '$.now') - 86400000000)
      THEN iif(?1 ->> '$.idempotency.body' = (
        SELECT i.body FROM idempotency AS i WHERE i.tenant = coalesce(weighed.place, '') AND i.caller = weighed.caller
          AND i.id = ?1 ->> '$.idempotency.id'), 'replay', 'key_reused')
    -- More than one answer or one batch should hold. The count is the tenant's; below its bound nothing is counted.
    WHEN total > ?1 ->> '$.bound' AND CASE ?1 ->> '$.on' WHEN 'credentials' THEN 1 WHEN 'principal' THEN 1 WHEN 'tenant' THEN 1 END
      AND (?1 ->> '$.principal' IS NULL OR ?1 ->> '$.bound' < (SELECT count(*) FROM (
        SELECT 1 FROM credentials_of_principal AS c WHERE c.tenant = weighed.place AND c.principal = ?1 ->> '$.principal'
        LIMIT (?1 ->> '$.bound') + 1))) THEN 'too_many'
    WHEN ?1 ->> '$.invalid' OR unknown_roles <> '[]' OR too_many_roles OR last_role OR unknown_principal OR read_only <> '[]'
      OR too_many_metadata OR too_large_metadata THEN 'invalid'
    WHEN rank < 3 AND (restricted OR resecret) THEN 'forbidden_change'
    WHEN ?1 ->> '$.on' IN ('credential', 'credentials') AND ?1 ->> '$.act' IN ('create', 'change') AND outlives THEN 'forbidden_change'
    WHEN ?1 ->> '$.on' = 'principal' AND ?1 ->> '$.act' = 'change' AND rank < 3 AND coalesce(?1 ->> '$.set.enabled' <> whom_enabled, 0)
      THEN 'forbidden_change'
    -- Nobody but root turns a tenant off or on.
    WHEN ?1 ->> '$.on' = 'tenant' AND rank < 4 AND coalesce(?1 ->> '$.set.enabled' <> place_enabled, 0) THEN 'forbidden_change'
    -- Roles that the body names: the one that a face gives by default is no roles feature.
    WHEN adds_roles AND ?1 ->> '$.role_names' <> '[]' AND NOT rbac THEN 'no_rbac'
    WHEN ?1 ->> '$.act' = 'create' AND CASE ?1 ->> '$.on'
      WHEN 'credentials' THEN id WHEN 'principals' THEN whom ELSE place END IS NOT NULL THEN 'taken_id'
    WHEN resecret AND EXISTS (
      SELECT 1 FROM json_each(?1, '$.secret.proofs') AS proof
      CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id') THEN 'taken_secret'
    WHEN ?1 ->> '$.active' AND revoked_at IS NOT NULL AND ?1 ->> '$.set.enabled' THEN 'revoked'
    WHEN ?1 ->> '$.rotation' = 'start' AND live > 1 THEN 'rotating'
    WHEN ?1 ->> '$.rotation' IN ('finish', 'cancel') AND live < 2 THEN 'not_rotating'
    -- The default principal is neither deleted nor disabled.
    WHEN ?1 ->> '$.on' = 'principal' AND whom = '00000000000000000000000000'
      AND (?1 ->> '$.act' = 'delete' OR ?1 ->> '$.set.enabled' = 0) THEN 'default_principal'
    -- A tenant that is not empty goes only when that is said.
    WHEN ?1 ->> '$.on' = 'tenant' AND ?1 ->> '$.act' = 'delete' AND NOT coalesce(?1 ->> '$.force', 0)
      AND (total > 0 OR EXISTS (SELECT 1 FROM principals AS p
        WHERE p.tenant = weighed.place AND p.id > '00000000000000000000000000')) THEN 'not_empty'
    ELSE 'go' END AS code
  FROM weighed
)
