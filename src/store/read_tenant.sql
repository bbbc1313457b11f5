-- As read_principal.sql.
SELECT t.* FROM verdict CROSS JOIN tenants AS t ON t.id = verdict.place
