(SELECT json_group_array(json_object('id', s.id, 'hint', s.hint, 'created_at', s.created_at, 'expires_at', s.expires_at,
    'last_used_at', s.last_used_at) ORDER BY s.created_at, s.id)
  FROM secrets AS s WHERE s.tenant = {tenant} AND s.credential = {credential} AND NOT s.ending
    AND coalesce(s.expires_at > ?1 ->> '$.now', 1))
