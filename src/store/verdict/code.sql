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
    -- Not for a read: from here
    -- A read is answered 304 (RFC 9110 §13.1.2).
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
    -- Not for a read: to here
    -- More than one answer or one batch should hold. The count is the tenant's; below its bound nothing is counted.
    WHEN total > ?1 ->> '$.bound' AND CASE ?1 ->> '$.on' WHEN 'credentials' THEN 1 WHEN 'principal' THEN 1 WHEN 'tenant' THEN 1 END
      AND (?1 ->> '$.principal' IS NULL OR ?1 ->> '$.bound' < (SELECT count(*) FROM (
        SELECT 1 FROM credentials_of_principal AS c WHERE c.tenant = weighed.place AND c.principal = ?1 ->> '$.principal'
        LIMIT (?1 ->> '$.bound') + 1))) THEN 'too_many'
    WHEN ?1 ->> '$.invalid'
      -- Not for a read: from here
      OR unknown_roles <> '[]' OR too_many_roles OR last_role OR unknown_principal OR read_only <> '[]' OR too_many_metadata
      OR too_large_metadata
      -- Not for a read: to here
      THEN 'invalid'
    -- Not for a read: from here
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
    -- Not for a read: to here
    ELSE 'go' END AS code
  FROM weighed
)
