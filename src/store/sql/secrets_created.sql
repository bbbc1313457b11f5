iif(?1 ->> '$.secret.id' IS NULL, '[]', json_array(json_object('id', ?1 ->> '$.secret.id', 'hint', ?1 ->> '$.secret.hint', 'created_at', ?1 ->> '$.now',
  'expires_at', NULL, 'last_used_at', NULL)))
