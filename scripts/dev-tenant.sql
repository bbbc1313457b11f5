-- The tenant that `make dev` works in; never part of a deploy. Its default principal is made by a trigger.
-- It may be run again and again, also after the tenant was deleted: no id is used twice.
INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
SELECT '00000000000000000000000000', 'acme',
  '{"name":"Acme","enabled":true,"rbac":true,"preconditions":false,"role_names":["admin","editor","viewer"]}', 1, at, at,
  'make dev', at, 'console', 'console', 1
FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS at)
WHERE NOT EXISTS (SELECT 1 FROM events WHERE tenant = '00000000000000000000000000');
