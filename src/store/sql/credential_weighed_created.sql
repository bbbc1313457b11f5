?1 ->> '$.secret.id' IS NOT NULL AS resecret,
-- Whether it has a role in a tenant without RBAC; computed only for a body that names roles.
NOT rbac AND json_array_length(given, '$.role_names') > 0 AND json_array_length(to_document, '$.roles') > 0 AS adds_roles,
