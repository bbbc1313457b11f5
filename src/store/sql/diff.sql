-- The differences between two documents, by key. Documents contain no null, so the patch has the keys of both. Sets
-- are reported as additions and removals, metadata, keys and trusts by the members that differ: an event is as large as the change,
-- not as the resource.
(SELECT json_group_object(key, CASE key
  WHEN 'roles' THEN json_object(
    'added', json((SELECT json_group_array(json(value)) FROM json_each({after}, '$.roles')
      WHERE value NOT IN (SELECT value FROM json_each({before}, '$.roles')))),
    'removed', json((SELECT json_group_array(json(value)) FROM json_each({before}, '$.roles')
      WHERE value NOT IN (SELECT value FROM json_each({after}, '$.roles')))))
  WHEN 'role_names' THEN json_object(
    'added', json((SELECT json_group_array(value) FROM json_each({after}, '$.role_names')
      WHERE value NOT IN (SELECT value FROM json_each({before}, '$.role_names')))),
    'removed', json((SELECT json_group_array(value) FROM json_each({before}, '$.role_names')
      WHERE value NOT IN (SELECT value FROM json_each({after}, '$.role_names')))))
  ELSE iif(member.key IN ('metadata', 'keys', 'trusts'), json_object(
    'before', json((SELECT json_group_object(key, iif(type = 'object', json(value), value)) FROM (
      SELECT key, value, type FROM json_each({before}, member.fullkey) EXCEPT SELECT key, value, type FROM json_each({after}, member.fullkey)))),
    'after', json((SELECT json_group_object(key, iif(type = 'object', json(value), value)) FROM (
      SELECT key, value, type FROM json_each({after}, member.fullkey) EXCEPT SELECT key, value, type FROM json_each({before}, member.fullkey))))),
    json_object('before', {before} -> fullkey, 'after', {after} -> fullkey)) END)
FROM json_each(json_patch({before}, {after})) AS member WHERE {before} -> fullkey IS NOT {after} -> fullkey)
