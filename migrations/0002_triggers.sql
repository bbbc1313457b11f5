-- Two changes of triggers that make a change of a credential cheaper. What they allow and record is the same.

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 2 AS version;

-- SQLite evaluates both sides of an AND whose value is used, and in a condition only what decides it. So `widened` is
-- the condition of an iif.
DROP TRIGGER history_recorded;
CREATE TRIGGER history_recorded INSTEAD OF INSERT ON history
BEGIN
  INSERT INTO events (tenant, seq, noun, id, previous, action, revision, at, by, request, changes, widened)
  VALUES (NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), NEW.noun, NEW.id, NEW.previous,
    NEW.action, NEW.revision,
    iif(NEW.stamped, NEW.changed_at, CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    iif(NEW.stamped, NEW.changed_by, 'console'),
    iif(NEW.stamped, NEW.changed_request, 'console'),
    (SELECT json_group_object(key, CASE key
      WHEN 'roles' THEN json_object(
        'added', json((SELECT json_group_array(json(value)) FROM json_each(coalesce(NEW.after, '{}'), '$.roles')
          WHERE value NOT IN (SELECT value FROM json_each(coalesce(NEW.before, '{}'), '$.roles')))),
        'removed', json((SELECT json_group_array(json(value)) FROM json_each(coalesce(NEW.before, '{}'), '$.roles')
          WHERE value NOT IN (SELECT value FROM json_each(coalesce(NEW.after, '{}'), '$.roles')))))
      WHEN 'role_names' THEN json_object(
        'added', json((SELECT json_group_array(value) FROM json_each(coalesce(NEW.after, '{}'), '$.role_names')
          WHERE value NOT IN (SELECT value FROM json_each(coalesce(NEW.before, '{}'), '$.role_names')))),
        'removed', json((SELECT json_group_array(value) FROM json_each(coalesce(NEW.before, '{}'), '$.role_names')
          WHERE value NOT IN (SELECT value FROM json_each(coalesce(NEW.after, '{}'), '$.role_names')))))
      WHEN 'metadata' THEN json_object(
        'before', json((SELECT json_group_object(key, value) FROM (
          SELECT key, value FROM json_each(coalesce(NEW.before, '{}'), '$.metadata') EXCEPT SELECT key, value FROM json_each(coalesce(NEW.after, '{}'), '$.metadata')))),
        'after', json((SELECT json_group_object(key, value) FROM (
          SELECT key, value FROM json_each(coalesce(NEW.after, '{}'), '$.metadata') EXCEPT SELECT key, value FROM json_each(coalesce(NEW.before, '{}'), '$.metadata')))))
      ELSE json_object('before', coalesce(NEW.before, '{}') -> fullkey, 'after', coalesce(NEW.after, '{}') -> fullkey) END)
    FROM json_each(json_patch(coalesce(NEW.before, '{}'), coalesce(NEW.after, '{}'))) WHERE coalesce(NEW.before, '{}') -> fullkey IS NOT coalesce(NEW.after, '{}') -> fullkey),
    iif(NEW.action = 'updated' AND (coalesce(NEW.after ->> '$.enabled', 0) AND NEW.after ->> '$.revoked_at' IS NULL AND coalesce(NEW.after ->> '$.expires_at' > iif(NEW.stamped, NEW.changed_at, CAST(unixepoch('subsec') * 1000000 AS INTEGER)), 1)
    AND (NOT NEW.before ->> '$.enabled' OR NEW.before ->> '$.revoked_at' IS NOT NULL
      OR (NEW.before ->> '$.expires_at' IS NOT NULL AND coalesce(NEW.after ->> '$.expires_at' > NEW.before ->> '$.expires_at', 1))
      OR coalesce(NEW.after ->> '$.unrestricted' > NEW.before ->> '$.unrestricted', 0)
      OR coalesce(NEW.after ->> '$.self_rotate' > NEW.before ->> '$.self_rotate', 0)
      OR coalesce(NEW.after ->> '$.verify_staleness_seconds' > NEW.before ->> '$.verify_staleness_seconds', 0)
      OR (NEW.after ->> '$.access' IS NOT NEW.before ->> '$.access' AND instr('none verify read edit admin verify_all', NEW.after ->> '$.access')
        > instr('none verify read edit admin verify_all', replace(NEW.before ->> '$.access', '_all', '')))
      OR (NOT coalesce(NEW.before ->> '$.unrestricted', 0) AND NEW.after -> '$.roles' IS NOT NEW.before -> '$.roles' AND EXISTS (
        SELECT 1 FROM (SELECT char(10) || group_concat(json_array(value ->> 'role_id', value ->> 'resource', value ->> 'resource_instance'), char(10)) || char(10) AS held
            FROM json_each(NEW.before, '$.roles')) AS roles_before
          CROSS JOIN json_each(NEW.after, '$.roles') AS a
          WHERE NOT coalesce(instr(held, char(10) || json_array(a.value ->> 'role_id', NULL, NULL) || char(10))
            OR instr(held, char(10) || json_array(a.value ->> 'role_id', a.value ->> 'resource', NULL) || char(10))
            OR instr(held, char(10) || json_array(a.value ->> 'role_id', a.value ->> 'resource', a.value ->> 'resource_instance') || char(10)), 0)))
      OR (NEW.after ->> '$.principal' IS NOT NEW.before ->> '$.principal' AND NOT EXISTS (SELECT 1 FROM principals AS p
        WHERE p.tenant = NEW.tenant AND p.id = NEW.before ->> '$.principal' AND p.enabled)))
    AND (NEW.after ->> '$.principal' IS NULL OR EXISTS (SELECT 1 FROM principals AS p
      WHERE p.tenant = NEW.tenant AND p.id = NEW.after ->> '$.principal' AND p.enabled))), 1, 0));
END;

-- A BEFORE UPDATE trigger makes SQLite compute every generated column twice. An error of an AFTER trigger undoes the
-- statement as well.
DROP TRIGGER credentials_items_updated;
CREATE TRIGGER credentials_items_updated AFTER UPDATE OF state ON credentials
BEGIN
  SELECT RAISE(ABORT, 'credentials: roles') WHERE NEW.state -> '$.roles' IS NOT OLD.state -> '$.roles' AND EXISTS (SELECT 1 FROM json_each(NEW.state, '$.roles') WHERE NOT coalesce(CASE WHEN type = 'object' THEN
      json_type(value, '$.role_id') = 'text' AND coalesce(json_type(value, '$.resource'), 'text') = 'text'
      AND coalesce(json_type(value, '$.resource_instance'), 'text') = 'text'
      AND json_remove(value, '$.role_id', '$.resource', '$.resource_instance') = '{}' END, 0));
  SELECT RAISE(ABORT, 'credentials: metadata') WHERE NEW.state -> '$.metadata' IS NOT OLD.state -> '$.metadata' AND EXISTS (SELECT 1 FROM json_each(NEW.state, '$.metadata') WHERE type <> 'text');
END;

DROP TRIGGER credentials_fixed;
CREATE TRIGGER credentials_fixed AFTER UPDATE ON credentials
WHEN NEW.tenant <> OLD.tenant OR NEW.id <> OLD.id OR NEW.created_at <> OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'credentials: tenant, id and created_at are fixed');
END;

DROP TRIGGER credentials_ending;
CREATE TRIGGER credentials_ending AFTER UPDATE OF ending ON credentials
WHEN NEW.ending <> OLD.ending AND NEW.change = OLD.change
BEGIN
  SELECT RAISE(ABORT, 'credentials: stamp the ending (change, changed_at, changed_by, changed_request)');
END;
