CROSS JOIN credentials AS c ON c.tenant = s.tenant AND c.id = s.credential
CROSS JOIN principals AS p ON p.tenant = c.tenant AND p.id = c.principal
CROSS JOIN tenants AS t ON t.id = c.tenant
