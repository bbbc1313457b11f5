-- The owner of an access token of a key or a trust: a claim is a credential, with the id of its key or trust, and when that was added.
SELECT claim.value ->> 'item', v.rank = 5 OR v.verifies_all OR c.tenant = v.tenant, c.tenant, t.label, c.principal, c.id,
  c.name, c.roles, c.unrestricted, c.access, t.role_names, {state}, NULL, means.value ->> '$.expires_at',
  c.expires_at, {unnoted}, t.verify_staleness_seconds, claim.key, NULL
FROM (SELECT rank, verifies_all, tenant, iif(code = 'go', ?1, '{}') AS asked FROM verdict) AS v
  CROSS JOIN json_each(asked, '$.claims') AS claim
  CROSS JOIN credentials AS c ON c.id = claim.value ->> 'credential'
  CROSS JOIN json_each(json_array({means})) AS means ON means.value ->> '$.created_at' = claim.value ->> 'made'
  CROSS JOIN principals AS p ON p.tenant = c.tenant AND p.id = c.principal
  CROSS JOIN tenants AS t ON t.id = c.tenant
