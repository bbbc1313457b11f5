-- Creates the tenant of `make dev`; not part of a deployment. A trigger creates its default principal.
-- This can be run repeatedly. After the tenant was deleted it does nothing, since no id is used twice.
INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
SELECT '00000000000000000000000000', 'acme',
  '{"name":"Acme","enabled":true,"rbac":true,"preconditions":false,"role_names":["admin","editor","viewer"],"verify_staleness_seconds":0}', 1, at, at,
  'make dev', at, 'console', 'console', 1
FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS at)
WHERE NOT EXISTS (SELECT 1 FROM events WHERE tenant = '00000000000000000000000000');
