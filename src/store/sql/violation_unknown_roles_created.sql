json((SELECT nullif(json_group_array(name), '[]') FROM (
  SELECT value AS name FROM json_each(given, '$.role_names') EXCEPT SELECT value FROM json_each(role_names))))
