-- After a write, which may have made the caller another (it may disable its own principal): only shown where the verdict was `go`.
SELECT p.* FROM verdict CROSS JOIN principals AS p ON p.tenant = verdict.place AND p.id = ?1 ->> '$.principal'
