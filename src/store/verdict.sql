-- One verdict. Everything that can refuse a request is judged here, once, in the order of refusals of every face; each
-- statement of a batch begins with this text, and writes only WHERE verdict.code = 'go'. ?1 is the question: one JSON
-- document (src/store/question.rs). A batch is one transaction, so what is judged is what is written to.
WITH
-- Who calls. A proof is a secret's id and the keyed digest of what was presented; no proof, no row.
caller AS MATERIALIZED (
  SELECT NULL AS tenant, 'root' AS id, 4 AS rank, NULL AS expires_at, 'go' AS state, NULL AS secret, 0 AS unnoted
  WHERE ?1 ->> '$.caller.root'
  UNION ALL
  SELECT c.tenant, c.id,
    -- 3 may do all, 2 edits, 1 reads; no roles is full access; a role on a resource gives no right here.
    CASE WHEN c.roles IS NULL THEN 3 ELSE coalesce((
      SELECT max(CASE role.value ->> 'role_id' WHEN 'admin' THEN 3 WHEN 'editor' THEN 2 WHEN 'viewer' THEN 1 END)
      FROM json_each(c.roles) AS role WHERE role.value ->> 'resource' IS NULL), 0) END,
    c.expires_at,
    CASE
      WHEN s.expires_at <= ?1 ->> '$.now' OR c.expires_at <= ?1 ->> '$.now' THEN 'unauthenticated'
      WHEN c.enabled AND p.enabled AND t.enabled THEN 'go'
      ELSE 'inactive' END,
    s.id,
    coalesce(s.last_used_at < (?1 ->> '$.now') - 60000000, 1)
  FROM json_each(?1, '$.caller.proofs') AS proof
  CROSS JOIN secrets AS s ON s.id = proof.value ->> 'id' AND s.digest = proof.value ->> 'digest'
  CROSS JOIN credentials AS c ON c.tenant = s.tenant AND c.id = s.credential
  CROSS JOIN principals AS p ON p.tenant = c.tenant AND p.id = c.principal
  CROSS JOIN tenants AS t ON t.id = c.tenant
  WHERE coalesce(c.id = ?1 ->> '$.caller.client', 1)
),
-- Where: the tenant of the path or header, else the caller's own. Nobody but root sees another's.
place AS MATERIALIZED (
  SELECT t.id, t.label, t.rbac, t.preconditions, t.role_names
  FROM caller CROSS JOIN tenants AS t ON t.id = CASE
    WHEN ?1 ->> '$.tenant.id' IS NOT NULL THEN ?1 ->> '$.tenant.id'
    WHEN ?1 ->> '$.tenant.label' IS NOT NULL THEN (SELECT id FROM tenants WHERE label = ?1 ->> '$.tenant.label')
    ELSE caller.tenant END
  WHERE caller.rank = 4 OR caller.tenant = t.id
),
-- On what: the credential as it is now, under the principal of the path, where that has one.
target AS MATERIALIZED (
  SELECT c.* FROM place CROSS JOIN credentials AS c ON c.tenant = place.id AND c.id = ?1 ->> '$.credential'
  WHERE coalesce(c.principal = ?1 ->> '$.principal', 1)
),
newest AS MATERIALIZED (
  SELECT s.id, s.digest, s.key, s.sealed FROM target
  CROSS JOIN secrets AS s ON s.tenant = target.tenant AND s.credential = target.id
  ORDER BY s.created_at DESC, s.id DESC LIMIT 1
),
-- The credential as the change would leave it: a member of $.set replaces, null included; one that is not there keeps.
-- Where the change is of one context, the roles outside of it are kept.
merged AS MATERIALIZED (
  SELECT place.id AS tenant, ?1 ->> '$.credential' AS id,
    iif(json_type(?1, '$.set.principal') IS NULL, target.principal, ?1 ->> '$.set.principal') AS principal,
    iif(json_type(?1, '$.set.name') IS NULL, target.name, ?1 ->> '$.set.name') AS name,
    iif(json_type(?1, '$.set.description') IS NULL, target.description, ?1 ->> '$.set.description') AS description,
    iif(json_type(?1, '$.set.enabled') IS NULL, target.enabled, ?1 ->> '$.set.enabled') AS enabled,
    CASE
      WHEN json_type(?1, '$.set.roles') IS NULL THEN target.roles
      WHEN json_type(?1, '$.context') IS NULL THEN ?1 ->> '$.set.roles'
      ELSE (
        SELECT nullif(json_group_array(json(role) ORDER BY role ->> 'resource', role ->> 'resource_instance', role ->> 'role_id'), '[]')
        FROM (
          SELECT kept.value AS role FROM json_each(target.roles) AS kept
          WHERE NOT (kept.value ->> 'resource' IS ?1 ->> '$.context.resource'
            AND kept.value ->> 'resource_instance' IS ?1 ->> '$.context.resource_instance')
          UNION SELECT said.value FROM json_each(?1, '$.set.roles') AS said))
    END AS roles,
    -- No face can say an end so far: it is kept, and what an ending caller makes ends with it.
    iif(target.id IS NULL, (SELECT expires_at FROM caller), target.expires_at) AS expires_at
  FROM place LEFT JOIN target
),
after AS MATERIALIZED (
  SELECT merged.*,
    (merged.principal, merged.name, merged.description, merged.enabled, merged.roles, merged.expires_at)
      IS NOT (target.principal, target.name, target.description, target.enabled, target.roles, target.expires_at) AS differs,
    -- What an editor may not touch.
    (merged.principal, merged.enabled, merged.roles, merged.expires_at)
      IS NOT (target.principal, target.enabled, target.roles, target.expires_at) AS restricted,
    (?1 ->> '$.secret.id' IS NOT NULL AND ?1 ->> '$.secret.id' IS NOT (SELECT id FROM newest)) AS resecret,
    EXISTS (SELECT value FROM json_each(merged.roles) EXCEPT SELECT value FROM json_each(target.roles)) AS adds_roles
  FROM merged LEFT JOIN target
),
-- The violations that only the database can see.
broken AS MATERIALIZED (
  SELECT
    (SELECT json_group_array(named.value ->> 0) FROM json_each(?1, '$.role_names') AS named
      WHERE named.value ->> 1 NOT IN (SELECT value FROM json_each(place.role_names))) AS unknown_roles,
    coalesce(json_array_length(after.roles) > 100, 0) AS too_many_roles,
    (json_type(?1, '$.context') IS NOT NULL AND after.roles IS NULL
      AND (SELECT roles FROM target) IS NOT NULL) AS last_role,
    (json_type(?1, '$.set.principal') IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM principals WHERE tenant = place.id AND id = ?1 ->> '$.set.principal')) AS unknown_principal
  FROM place CROSS JOIN after
),
verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT EXISTS (SELECT 1 FROM caller) THEN 'unauthenticated'
    WHEN (SELECT state FROM caller) <> 'go' THEN (SELECT state FROM caller)
    WHEN (SELECT rank FROM caller) < ?1 ->> '$.need' THEN 'forbidden'
    WHEN ?1 ->> '$.on' <> 'tenants' AND NOT EXISTS (SELECT 1 FROM place) THEN 'missing_tenant'
    WHEN ?1 ->> '$.principal' IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM place CROSS JOIN principals AS p ON p.tenant = place.id AND p.id = ?1 ->> '$.principal') THEN 'missing_principal'
    WHEN ?1 ->> '$.on' = 'credential' AND NOT EXISTS (SELECT 1 FROM target) THEN 'missing_credential'
    WHEN ?1 ->> '$.on' = 'credential' AND json_type(?1, '$.if_match') IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM json_each(?1, '$.if_match') AS tag CROSS JOIN target
      WHERE tag.value IN ('*', target.id || '.' || target.revision)) THEN 'stale'
    WHEN ?1 ->> '$.on' = 'credential' AND ?1 ->> '$.writes' AND json_type(?1, '$.if_match') IS NULL
      AND (SELECT preconditions FROM place) THEN 'unconditional'
    WHEN ?1 ->> '$.invalid' THEN 'invalid'
    WHEN (SELECT unknown_roles <> '[]' OR too_many_roles OR last_role OR unknown_principal FROM broken) THEN 'invalid'
    WHEN ?1 ->> '$.writes' AND (SELECT rank FROM caller) < 3
      AND (SELECT restricted OR resecret FROM after) THEN 'forbidden_change'
    WHEN (SELECT adds_roles FROM after) AND NOT (SELECT rbac FROM place) THEN 'no_rbac'
    WHEN ?1 ->> '$.on' = 'credentials' AND EXISTS (SELECT 1 FROM target) THEN 'taken_id'
    WHEN ?1 ->> '$.secret.id' IS NOT NULL AND EXISTS (
      SELECT 1 FROM secrets AS s WHERE s.id = ?1 ->> '$.secret.id' AND NOT EXISTS (
        SELECT 1 FROM newest WHERE newest.id = s.id AND newest.digest = ?1 ->> '$.secret.digest')) THEN 'taken_secret'
    ELSE 'go' END AS code
)
