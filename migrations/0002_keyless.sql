-- Keys and trusts: means of logging in without a secret (docs/KEYLESS.md). They are members of the document of a credential, by
-- their ids. Two changes of triggers make a change of a credential cheaper; what they allow and record is the same.

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 2 AS version;

ALTER TABLE credentials ADD COLUMN keys TEXT AS (state ->> '$.keys')
  CONSTRAINT "credentials: keys" CHECK (coalesce(json_type(state, '$.keys'), 'object') = 'object');
ALTER TABLE credentials ADD COLUMN trusts TEXT AS (state ->> '$.trusts')
  CONSTRAINT "credentials: trusts" CHECK (coalesce(json_type(state, '$.trusts'), 'object') = 'object');
ALTER TABLE credentials DROP COLUMN stray;
ALTER TABLE credentials ADD COLUMN stray TEXT AS (nullif(json_remove(state, '$.principal', '$.name', '$.description', '$.enabled', '$.roles', '$.unrestricted', '$.access', '$.self_rotate', '$.expires_at', '$.metadata', '$.revoked_at', '$.revoked_reason', '$.keys', '$.trusts'), '{}'))
  CONSTRAINT "credentials: unknown key" CHECK (stray IS NULL);

-- What the Worker could not read is not stored: each member has an id, and is an object with a time of creation.
CREATE TRIGGER credentials_means_inserted BEFORE INSERT ON credentials
WHEN json_type(NEW.state, '$.keys') IS NOT NULL OR json_type(NEW.state, '$.trusts') IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'credentials: keys and trusts') WHERE EXISTS (
    SELECT 1 FROM (SELECT * FROM json_each(NEW.state, '$.keys') UNION ALL SELECT * FROM json_each(NEW.state, '$.trusts')) AS means
    WHERE length(key) <> 26 OR key NOT GLOB '[0-7]*' OR key GLOB '*[^0-9a-hjkmnp-tv-z]*'
      OR NOT coalesce(json_type(value, '$.created_at') = 'integer', 0)
      OR coalesce(json_type(value, '$.expires_at'), 'integer') <> 'integer');
END;

CREATE TRIGGER credentials_means_updated AFTER UPDATE OF state ON credentials
WHEN NEW.state -> '$.keys' IS NOT OLD.state -> '$.keys' OR NEW.state -> '$.trusts' IS NOT OLD.state -> '$.trusts'
BEGIN
  SELECT RAISE(ABORT, 'credentials: keys and trusts') WHERE EXISTS (
    SELECT 1 FROM (SELECT * FROM json_each(NEW.state, '$.keys') UNION ALL SELECT * FROM json_each(NEW.state, '$.trusts')) AS means
    WHERE length(key) <> 26 OR key NOT GLOB '[0-7]*' OR key GLOB '*[^0-9a-hjkmnp-tv-z]*'
      OR NOT coalesce(json_type(value, '$.created_at') = 'integer', 0)
      OR coalesce(json_type(value, '$.expires_at'), 'integer') <> 'integer');
END;

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
      ELSE iif(member.key IN ('metadata', 'keys', 'trusts'), json_object(
        'before', json((SELECT json_group_object(key, iif(type = 'object', json(value), value)) FROM (
          SELECT key, value, type FROM json_each(coalesce(NEW.before, '{}'), member.fullkey) EXCEPT SELECT key, value, type FROM json_each(coalesce(NEW.after, '{}'), member.fullkey)))),
        'after', json((SELECT json_group_object(key, iif(type = 'object', json(value), value)) FROM (
          SELECT key, value, type FROM json_each(coalesce(NEW.after, '{}'), member.fullkey) EXCEPT SELECT key, value, type FROM json_each(coalesce(NEW.before, '{}'), member.fullkey))))),
        json_object('before', coalesce(NEW.before, '{}') -> fullkey, 'after', coalesce(NEW.after, '{}') -> fullkey)) END)
    FROM json_each(json_patch(coalesce(NEW.before, '{}'), coalesce(NEW.after, '{}'))) AS member WHERE coalesce(NEW.before, '{}') -> fullkey IS NOT coalesce(NEW.after, '{}') -> fullkey),
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
      OR (NEW.after -> '$.keys' IS NOT NEW.before -> '$.keys' AND EXISTS (
        SELECT key FROM json_each(NEW.after, '$.keys') EXCEPT SELECT key FROM json_each(NEW.before, '$.keys')))
      OR (NEW.after -> '$.trusts' IS NOT NEW.before -> '$.trusts' AND EXISTS (
        SELECT key FROM json_each(NEW.after, '$.trusts') EXCEPT SELECT key FROM json_each(NEW.before, '$.trusts')))
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
