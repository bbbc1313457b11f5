-- The label: the slug of the name, or the slug with the first number that makes it free.
iif(code = 'go', (
  WITH RECURSIVE tried (n, label) AS (
    SELECT ?1 ->> '$.label.first', iif(?1 ->> '$.label.first' = 1, ?1 ->> '$.label.slug',
      (?1 ->> '$.label.slug') || '-' || (?1 ->> '$.label.first'))
    UNION ALL
    SELECT n + 1, (?1 ->> '$.label.slug') || '-' || (n + 1) FROM tried
    WHERE EXISTS (SELECT 1 FROM tenants AS t WHERE t.label = tried.label))
  SELECT label FROM tried ORDER BY n DESC LIMIT 1), NULL)
