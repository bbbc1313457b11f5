-- Whether a change widens access: full access instead of roles, an added role, enabled, a later end or none, or a
-- lifted revocation.
coalesce({after} ->> '$.unrestricted' > {before} ->> '$.unrestricted', 0)
OR (NOT coalesce({before} ->> '$.unrestricted', 0)
    AND EXISTS (SELECT value FROM json_each({after}, '$.roles') EXCEPT SELECT value FROM json_each({before}, '$.roles')))
OR ({after} ->> '$.enabled' > {before} ->> '$.enabled')
OR ({before} ->> '$.expires_at' IS NOT NULL AND coalesce({after} ->> '$.expires_at' > {before} ->> '$.expires_at', 1))
OR ({before} ->> '$.revoked_at' IS NOT NULL AND {after} ->> '$.revoked_at' IS NULL)
