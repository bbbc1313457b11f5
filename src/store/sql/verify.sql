-- The owner of a token and whether it is valid, by the same text as for a caller (caller.sql).
, subject AS MATERIALIZED ({subject})
SELECT v.judged, subject.tenant, subject.id, subject.state AS status, subject.secret, subject.unnoted, c.principal, c.name, c.roles,
  c.unrestricted, subject.ends_at AS expires_at, t.role_names
FROM (SELECT code, rank, verifies_all, tenant, {judged} FROM verdict) AS v
  LEFT JOIN subject ON v.code = 'go' AND (v.rank = 5 OR v.verifies_all OR subject.tenant = v.tenant)
  LEFT JOIN credentials AS c ON c.tenant = subject.tenant AND c.id = subject.id
  LEFT JOIN tenants AS t ON t.id = c.tenant
