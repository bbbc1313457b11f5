-- The tenant that `make dev` works in; never part of a deploy. Its default principal is made by a trigger.
-- It may be run again and again.
INSERT INTO tenants (id, label, name, rbac, created_at, updated_at)
SELECT '00000000000000000000000000', 'acme', 'Acme', 1, at, at
FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS at)
WHERE true
ON CONFLICT (id) DO NOTHING;
