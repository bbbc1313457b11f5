-- The owners of the tokens to be verified, and whether each is valid, by the same texts as for a caller (caller.sql). A
-- claim is the id of a secret, with the keyed digest of a token or, for an access token, with the time when the secret was
-- created; an access token of a key or a trust has a claim of its own (verify_means.sql). `asked` has no claims for a caller without
-- the right. The rows of an item have the order of its claims.
, subject AS MATERIALIZED (
  SELECT claim.value ->> 'item' AS item, v.rank = 5 OR v.verifies_all OR s.tenant = v.tenant AS visible, c.tenant, t.label, c.principal, c.id,
    c.name, c.roles, c.unrestricted, c.access, t.role_names, {state} AS status, s.id AS secret, s.expires_at AS secret_expires_at,
    c.expires_at, {unnoted} AS unnoted, t.verify_staleness_seconds AS bound,
    claim.key AS claim, s.sealed
  FROM (SELECT rank, verifies_all, tenant, iif(code = 'go', ?1, '{}') AS asked FROM verdict) AS v
    CROSS JOIN json_each(asked, '$.claims') AS claim
    CROSS JOIN secrets AS s ON s.id = claim.value ->> 'id'
      AND (s.digest = claim.value ->> 'digest' OR s.created_at = claim.value ->> 'made')
      AND coalesce(s.credential = claim.value ->> 'client', 1)
    {owner}
  UNION ALL
  {of_means}
)
SELECT v.judged, subject.* {position} FROM (SELECT {judged} FROM verdict) AS v LEFT JOIN subject
