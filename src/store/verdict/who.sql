-- One verdict. Everything that can refuse a request is judged by it, once, in the order of refusals of every face; each
-- statement of a batch begins with its text, and writes only WHERE code = 'go'. ?1 is the question: one JSON document
-- (src/store/question.rs). A batch is one transaction, so what is judged is what is written to.
--
-- The text is this file, then change.sql or, where the request asks for no change, no_change.sql, then code.sql.
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
    -- Not for a read: from here
    -- What the change may read of the request: the whole document, or nothing for a caller without the required right. So a list
    -- that a caller sends is expanded only after the caller's rights are known.
    , iif(caller.state = 'go' AND caller.rank >= ?1 ->> '$.need', ?1, '{}') AS given
    -- Not for a read: to here
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
