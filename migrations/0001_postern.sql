-- The schema. Ids are 128 bits in 26 characters of lower-case base32. Times are integer microseconds since 1970,
-- below 2^53 so that JavaScript represents them exactly.
--
-- What clients may set of a tenant, a principal or a credential is one JSON document, `state`. Each key has a VIRTUAL
-- column with a named CHECK, and `stray` rejects every other key. These are the rules of src/credential/table.rs
-- (FIELDS), enforced again for statements that do not come from the Worker; a test compares the columns with FIELDS.
-- A key without a value is absent: null is never stored, so documents with the same meaning have the same text.
-- No text has a character that JSON must escape as \u: control characters are not valid, and half of a surrogate pair is no
-- character.
--
-- Do not index a generated column: SQLite would write the index on every change. Do not name one in UPDATE OF: the
-- trigger would never fire. Lists are ordered by tables of their own instead.

-- The number of the newest migration. `GET /readyz` compares it with the one that the Worker needs (src/store/ready.rs). Each
-- migration replaces the view.
CREATE VIEW schema_version AS SELECT 1 AS version;

CREATE TABLE tenants (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND id GLOB '[0-7]*' AND id NOT GLOB '*[^0-9a-hjkmnp-tv-z]*'),
  label      TEXT    NOT NULL UNIQUE CHECK (length(label) BETWEEN 1 AND 255),
  state      TEXT    NOT NULL
    CONSTRAINT "tenants: state is a JSON object without spaces, nulls, duplicate keys and \u escapes, of at most 32 KiB"
    CHECK (state = json_patch('{}', state) AND json_type(state) = 'object' AND length(CAST(state AS BLOB)) <= 32768
      AND instr(replace(state, '\\', ''), '\u') = 0),
  revision   INTEGER NOT NULL CHECK (revision BETWEEN 1 AND 9007199254740991),
  created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 9007199254740991),
  credentials INTEGER NOT NULL DEFAULT 0 CHECK (credentials >= 0),  -- their number, so that no request counts them
  -- The stamp of the change that wrote the row last. created_at and updated_at are for display, and one face lets its
  -- clients choose them; the history uses changed_at.
  change          TEXT    NOT NULL,
  changed_at      INTEGER NOT NULL,
  changed_by      TEXT    NOT NULL,
  changed_request TEXT    NOT NULL,
  ending          INTEGER NOT NULL DEFAULT 0 CHECK (ending IN (0, 1)),  -- stamped for deletion
  event           INTEGER NOT NULL,  -- events.seq of the newest event
  -- After verify_staleness_seconds was lowered: until when a verification may be as old as it was before.
  stale_until INTEGER NOT NULL DEFAULT 0,
  name TEXT AS (state ->> '$.name') NOT NULL
    CONSTRAINT "tenants: name" CHECK (json_type(state, '$.name') = 'text' AND length(name) BETWEEN 1 AND 255),
  enabled INTEGER AS (state ->> '$.enabled') NOT NULL
    CONSTRAINT "tenants: enabled" CHECK (json_type(state, '$.enabled') IN ('true', 'false')),
  -- Whether credentials may be given roles.
  rbac INTEGER AS (state ->> '$.rbac') NOT NULL
    CONSTRAINT "tenants: rbac" CHECK (json_type(state, '$.rbac') IN ('true', 'false')),
  -- Whether changes require If-Match.
  preconditions INTEGER AS (state ->> '$.preconditions') NOT NULL
    CONSTRAINT "tenants: preconditions" CHECK (json_type(state, '$.preconditions') IN ('true', 'false')),
  role_names TEXT AS (state ->> '$.role_names') NOT NULL
    CONSTRAINT "tenants: role_names" CHECK (json_type(state, '$.role_names') = 'array' AND json_array_length(state, '$.role_names') <= 100),
  -- How old the answer to a verification may be.
  verify_staleness_seconds INTEGER AS (state ->> '$.verify_staleness_seconds') NOT NULL
    CONSTRAINT "tenants: verify_staleness_seconds" CHECK (json_type(state, '$.verify_staleness_seconds') = 'integer'
      AND verify_staleness_seconds BETWEEN 0 AND 300),
  stray TEXT AS (nullif(json_remove(state, '$.name', '$.enabled', '$.rbac', '$.preconditions', '$.role_names',
    '$.verify_staleness_seconds'), '{}'))
    CONSTRAINT "tenants: unknown key" CHECK (stray IS NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE principals (
  tenant     TEXT    NOT NULL REFERENCES tenants (id),
  id         TEXT    NOT NULL CHECK (length(id) = 26 AND id GLOB '[0-7]*' AND id NOT GLOB '*[^0-9a-hjkmnp-tv-z]*'),
  state      TEXT    NOT NULL
    CONSTRAINT "principals: state is a JSON object without spaces, nulls, duplicate keys and \u escapes, of at most 32 KiB"
    CHECK (state = json_patch('{}', state) AND json_type(state) = 'object' AND length(CAST(state AS BLOB)) <= 32768
      AND instr(replace(state, '\\', ''), '\u') = 0),
  revision   INTEGER NOT NULL CHECK (revision BETWEEN 1 AND 9007199254740991),
  created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 9007199254740991),
  -- The stamp of the change that wrote the row last. created_at and updated_at are for display, and one face lets its
  -- clients choose them; the history uses changed_at.
  change          TEXT    NOT NULL,
  changed_at      INTEGER NOT NULL,
  changed_by      TEXT    NOT NULL,
  changed_request TEXT    NOT NULL,
  ending          INTEGER NOT NULL DEFAULT 0 CHECK (ending IN (0, 1)),  -- stamped for deletion
  event           INTEGER NOT NULL,  -- events.seq of the newest event
  name TEXT AS (state ->> '$.name') NOT NULL
    CONSTRAINT "principals: name" CHECK (json_type(state, '$.name') = 'text' AND length(name) BETWEEN 1 AND 255),
  description TEXT AS (state ->> '$.description')
    CONSTRAINT "principals: description" CHECK (coalesce(json_type(state, '$.description'), 'text') = 'text' AND length(coalesce(description, '')) <= 500),
  enabled INTEGER AS (state ->> '$.enabled') NOT NULL
    CONSTRAINT "principals: enabled" CHECK (json_type(state, '$.enabled') IN ('true', 'false')),
  first_name TEXT AS (state ->> '$.first_name')
    CONSTRAINT "principals: first_name" CHECK (coalesce(json_type(state, '$.first_name'), 'text') = 'text' AND length(coalesce(first_name, '')) <= 255),
  last_name TEXT AS (state ->> '$.last_name')
    CONSTRAINT "principals: last_name" CHECK (coalesce(json_type(state, '$.last_name'), 'text') = 'text' AND length(coalesce(last_name, '')) <= 255),
  email TEXT AS (state ->> '$.email')
    CONSTRAINT "principals: email" CHECK (coalesce(json_type(state, '$.email'), 'text') = 'text' AND length(coalesce(email, '')) <= 255),
  stray TEXT AS (nullif(json_remove(state, '$.name', '$.description', '$.enabled', '$.first_name', '$.last_name', '$.email'), '{}'))
    CONSTRAINT "principals: unknown key" CHECK (stray IS NULL),
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL CHECK (length(id) = 26 AND id GLOB '[0-7]*' AND id NOT GLOB '*[^0-9a-hjkmnp-tv-z]*'),
  state      TEXT    NOT NULL
    CONSTRAINT "credentials: state is a JSON object without spaces, nulls, duplicate keys and \u escapes, of at most 32 KiB"
    CHECK (state = json_patch('{}', state) AND json_type(state) = 'object' AND length(CAST(state AS BLOB)) <= 32768
      AND instr(replace(state, '\\', ''), '\u') = 0),
  revision   INTEGER NOT NULL CHECK (revision BETWEEN 1 AND 9007199254740991),
  created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 9007199254740991),
  last_used_at INTEGER CHECK (last_used_at BETWEEN 0 AND 9007199254740991),
  -- The stamp of the change that wrote the row last. created_at and updated_at are for display, and one face lets its
  -- clients choose them; the history uses changed_at.
  change          TEXT    NOT NULL,
  changed_at      INTEGER NOT NULL,
  changed_by      TEXT    NOT NULL,
  changed_request TEXT    NOT NULL,
  ending          INTEGER NOT NULL DEFAULT 0 CHECK (ending IN (0, 1)),  -- stamped for deletion
  event           INTEGER NOT NULL,  -- events.seq of the newest event
  principal TEXT AS (state ->> '$.principal') NOT NULL
    CONSTRAINT "credentials: principal" CHECK (json_type(state, '$.principal') = 'text'),
  name TEXT AS (state ->> '$.name') NOT NULL
    CONSTRAINT "credentials: name" CHECK (json_type(state, '$.name') = 'text' AND length(name) BETWEEN 1 AND 255),
  description TEXT AS (state ->> '$.description')
    CONSTRAINT "credentials: description" CHECK (coalesce(json_type(state, '$.description'), 'text') = 'text' AND length(coalesce(description, '')) <= 500),
  enabled INTEGER AS (state ->> '$.enabled') NOT NULL
    CONSTRAINT "credentials: enabled" CHECK (json_type(state, '$.enabled') IN ('true', 'false')),
  roles TEXT AS (state ->> '$.roles') NOT NULL
    CONSTRAINT "credentials: roles" CHECK (json_type(state, '$.roles') = 'array' AND json_array_length(state, '$.roles') <= 100),
  -- Full access is a key of its own, with an empty list of roles: a lost key never grants anything. Without it, an empty
  -- list is no role at all.
  unrestricted INTEGER AS (state ->> '$.unrestricted') NOT NULL
    CONSTRAINT "credentials: unrestricted" CHECK (json_type(state, '$.unrestricted') IN ('true', 'false') AND NOT (unrestricted AND json_array_length(state, '$.roles') > 0)),
  -- What the credential may do in Postern. Only the default principal, which cannot be disabled, has credentials that verify
  -- tokens of every tenant: otherwise, enabling a principal would enable them.
  access TEXT AS (state ->> '$.access') NOT NULL
    CONSTRAINT "credentials: access" CHECK (access IN ('none', 'verify', 'verify_all', 'read', 'edit', 'admin')
      AND (access <> 'verify_all' OR state ->> '$.principal' = '00000000000000000000000000')),
  -- Whether the credential may rotate its own secret.
  self_rotate INTEGER AS (state ->> '$.self_rotate') NOT NULL
    CONSTRAINT "credentials: self_rotate" CHECK (json_type(state, '$.self_rotate') IN ('true', 'false')),
  expires_at INTEGER AS (state ->> '$.expires_at')
    CONSTRAINT "credentials: expires_at" CHECK (coalesce(json_type(state, '$.expires_at'), 'integer') = 'integer' AND expires_at BETWEEN 0 AND 9007199254740991),
  metadata TEXT AS (state ->> '$.metadata')
    CONSTRAINT "credentials: metadata" CHECK (coalesce(json_type(state, '$.metadata'), 'object') = 'object' AND length(metadata) <= 8192),
  revoked_at INTEGER AS (state ->> '$.revoked_at')
    CONSTRAINT "credentials: revoked_at" CHECK (coalesce(json_type(state, '$.revoked_at'), 'integer') = 'integer' AND revoked_at BETWEEN 0 AND 9007199254740991),
  revoked_reason TEXT AS (state ->> '$.revoked_reason')
    CONSTRAINT "credentials: revoked_reason" CHECK (revoked_reason IS NULL
      OR (json_type(state, '$.revoked_reason') = 'text' AND length(revoked_reason) <= 500 AND revoked_at IS NOT NULL)),
  stray TEXT AS (nullif(json_remove(state, '$.principal', '$.name', '$.description', '$.enabled', '$.roles', '$.unrestricted', '$.access', '$.self_rotate', '$.expires_at', '$.metadata', '$.revoked_at', '$.revoked_reason'), '{}'))
    CONSTRAINT "credentials: unknown key" CHECK (stray IS NULL),
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, principal) REFERENCES principals (tenant, id)
) STRICT, WITHOUT ROWID;

-- A credential's id is unique over all tenants, since it is the client_id of OAuth. The trigger
-- credentials_no_replace enforces it: if this index were UNIQUE, SQLite would use it instead of the primary key
-- wherever both tenant and id are known.
CREATE INDEX credentials_by_id ON credentials (id);

-- A secret's id is unique over all tenants, since it identifies the caller.
CREATE TABLE secrets (
  id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND id GLOB '[0-7]*' AND id NOT GLOB '*[^0-9a-hjkmnp-tv-z]*'),
  tenant          TEXT    NOT NULL,
  credential      TEXT    NOT NULL,
  digest          TEXT    NOT NULL CHECK (length(digest) = 52),  -- HMAC-SHA-256 of the value, base32
  key             TEXT    NOT NULL,   -- the id of the master key of digest and sealed
  sealed          TEXT,               -- AES-256-GCM of the value, where a face reveals it again
  hint            TEXT    NOT NULL,   -- the last characters, if the rest is long enough; otherwise empty
  created_at      INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  expires_at      INTEGER CHECK (expires_at BETWEEN 0 AND 9007199254740991),
  last_used_at    INTEGER CHECK (last_used_at BETWEEN 0 AND 9007199254740991),
  change          TEXT    NOT NULL,
  changed_at      INTEGER NOT NULL,
  changed_by      TEXT    NOT NULL,
  changed_request TEXT    NOT NULL,
  ending          INTEGER NOT NULL DEFAULT 0 CHECK (ending IN (0, 1)),
  FOREIGN KEY (tenant, credential) REFERENCES credentials (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX secrets_of_credential ON secrets (tenant, credential, created_at);

-- The history: one row for each change, in the order of commits, numbered within the tenant. It has no foreign keys,
-- since events outlive what they report. Each event names the previous event of the same resource, and the resource its
-- newest one (event), so the history of one resource is a walk along the primary key. An index by resource would cost every
-- change one row more.
CREATE TABLE events (
  tenant   TEXT    NOT NULL,
  seq      INTEGER NOT NULL,
  noun     TEXT    NOT NULL CHECK (noun IN ('tenant', 'principal', 'credential')),
  id       TEXT    NOT NULL CHECK (length(id) = 26 AND id GLOB '[0-7]*' AND id NOT GLOB '*[^0-9a-hjkmnp-tv-z]*'),
  secret   TEXT    CHECK (length(secret) = 26 AND secret GLOB '[0-7]*' AND secret NOT GLOB '*[^0-9a-hjkmnp-tv-z]*'),  -- for an event of a secret
  previous INTEGER,
  action   TEXT    NOT NULL CHECK (action IN ('created', 'updated', 'deleted', 'secret_created', 'secret_updated', 'secret_ended')),
  revision INTEGER NOT NULL CHECK (revision BETWEEN 0 AND 9007199254740991),  -- after the change
  at       INTEGER NOT NULL CHECK (at BETWEEN 0 AND 9007199254740991),
  by       TEXT    NOT NULL,    -- the calling credential's id, 'root', or 'console'
  request  TEXT    NOT NULL,
  -- By key: {before, after}; for a set (roles, role_names) {added, removed}; for metadata the members that differ.
  -- Never a secret.
  changes  TEXT    NOT NULL CHECK (json_type(changes) = 'object'),
  widened  INTEGER NOT NULL CHECK (widened IN (0, 1)),
  PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

-- Finds whether an id was used by a deleted resource: no id is used twice.
CREATE INDEX events_of_deleted ON events (id, tenant) WHERE action = 'deleted';

-- A time of the newest heartbeat, in one row: a replica of the database has every change that was committed before the heartbeat that it
-- has. Written only if replicas are read (POSTERN_NEAR).
CREATE TABLE heartbeat (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL CHECK (at BETWEEN 0 AND 9007199254740991)
) STRICT;

-- Responses to creations and rotations with an Idempotency-Key, kept for a day: the same key and body get the same
-- response.
CREATE TABLE idempotency (
  tenant     TEXT    NOT NULL,   -- empty where a tenant was created
  caller     TEXT    NOT NULL,   -- a credential's id, or 'root'
  id         TEXT    NOT NULL CHECK (length(id) = 52),    -- a keyed digest of the path and the key
  body       TEXT    NOT NULL CHECK (length(body) = 52),  -- a keyed digest of the body
  change     TEXT    NOT NULL,   -- the stamp of the request that created it
  created_at INTEGER NOT NULL,
  made       TEXT    NOT NULL,   -- the row of the new resource, or of the rotated credential, as JSON
  key        TEXT,               -- the id of the master key behind sealed
  sealed     TEXT,               -- the new secret, encrypted like secrets.sealed
  PRIMARY KEY (tenant, caller, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- A page of a list reads only its own rows, since each order of a list is the order of a key below. Each key ends
-- with `id`, so that no two rows have the same position.
CREATE INDEX tenants_by_creation ON tenants (created_at, id);
CREATE INDEX principals_by_creation ON principals (tenant, created_at, id);
CREATE INDEX credentials_by_creation ON credentials (tenant, created_at, id);

CREATE TABLE credentials_by_name (
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL,
  id     TEXT NOT NULL,
  PRIMARY KEY (tenant, name, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials_of_principal (
  tenant     TEXT    NOT NULL,
  principal  TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  id         TEXT    NOT NULL,
  PRIMARY KEY (tenant, principal, created_at, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER credentials_listed AFTER INSERT ON credentials
BEGIN
  INSERT INTO credentials_by_name (tenant, name, id) VALUES (NEW.tenant, NEW.name, NEW.id);
  INSERT INTO credentials_of_principal (tenant, principal, created_at, id)
  VALUES (NEW.tenant, NEW.principal, NEW.created_at, NEW.id);
  UPDATE tenants SET credentials = credentials + 1 WHERE id = NEW.tenant;
END;

CREATE TRIGGER credentials_renamed AFTER UPDATE OF state ON credentials WHEN NEW.name <> OLD.name
BEGIN
  UPDATE credentials_by_name SET name = NEW.name WHERE tenant = OLD.tenant AND name = OLD.name AND id = OLD.id;
END;

CREATE TRIGGER credentials_moved AFTER UPDATE OF state ON credentials WHEN NEW.principal <> OLD.principal
BEGIN
  UPDATE credentials_of_principal SET principal = NEW.principal
  WHERE tenant = OLD.tenant AND principal = OLD.principal AND created_at = OLD.created_at AND id = OLD.id;
END;

CREATE TRIGGER credentials_unlisted AFTER DELETE ON credentials
BEGIN
  DELETE FROM credentials_by_name WHERE tenant = OLD.tenant AND name = OLD.name AND id = OLD.id;
  DELETE FROM credentials_of_principal
  WHERE tenant = OLD.tenant AND principal = OLD.principal AND created_at = OLD.created_at AND id = OLD.id;
  UPDATE tenants SET credentials = credentials - 1 WHERE id = OLD.tenant;
END;

-- A deletion first stamps its rows (ending, and the stamp of the change), then deletes what has the stamp. Outside of a
-- deletion these indexes are empty.
CREATE INDEX principals_ending ON principals (change) WHERE ending;
CREATE INDEX credentials_ending ON credentials (change) WHERE ending;

-- Triggers. Every INSERT, UPDATE or DELETE of a tenant, a principal, a credential or a secret writes an event, even
-- at the database console. An update without a new stamp (the column change) is reported as made at the console, now.
-- A role that can drop triggers can bypass this (SECURITY.md).
--
-- The triggers insert the state of a resource before and after its change into `history`; null means that the resource
-- does not exist. The expressions of `changes` and `widened` are those of src/store/sql/diff.sql and widened.sql; a test
-- compares the texts.
CREATE VIEW history AS SELECT
  NULL AS tenant, NULL AS noun, NULL AS id, NULL AS previous, NULL AS action, NULL AS revision, NULL AS stamped, NULL AS changed_at,
  NULL AS changed_by, NULL AS changed_request, NULL AS before, NULL AS after;

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
    NEW.action = 'updated' AND (coalesce(NEW.after ->> '$.enabled', 0) AND NEW.after ->> '$.revoked_at' IS NULL AND coalesce(NEW.after ->> '$.expires_at' > iif(NEW.stamped, NEW.changed_at, CAST(unixepoch('subsec') * 1000000 AS INTEGER)), 1)
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
      WHERE p.tenant = NEW.tenant AND p.id = NEW.after ->> '$.principal' AND p.enabled))));
END;

-- The Worker's statements set `event` to the number of the event to come. After any other statement, the last
-- statement of the trigger corrects it, which writes one more row.

CREATE TRIGGER tenants_created AFTER INSERT ON tenants
BEGIN
  INSERT INTO history VALUES (NEW.id, 'tenant', NEW.id, NULL, 'created', NEW.revision, 1, NEW.changed_at, NEW.changed_by,
    NEW.changed_request, NULL, NEW.state);
  UPDATE tenants SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.id)
  WHERE id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.id);
  -- Every tenant is created with a default principal, whose id is all zeros. Its event follows the tenant's.
  INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
  VALUES (NEW.id, '00000000000000000000000000', '{"name":"default","enabled":true}', 1, NEW.created_at, NEW.updated_at,
    NEW.change, NEW.changed_at, NEW.changed_by, NEW.changed_request, (SELECT max(seq) + 1 FROM events WHERE tenant = NEW.id));
END;

CREATE TRIGGER tenants_updated AFTER UPDATE OF state ON tenants WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO history VALUES (NEW.id, 'tenant', NEW.id, OLD.event, 'updated', NEW.revision, NEW.change <> OLD.change,
    NEW.changed_at, NEW.changed_by, NEW.changed_request, OLD.state, NEW.state);
  UPDATE tenants SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.id)
  WHERE id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.id);
  -- An isolate may have read the old bound until the commit: a minute after the change began, at the latest.
  UPDATE tenants SET stale_until = max(stale_until, iif(NEW.change <> OLD.change, NEW.changed_at, CAST(unixepoch('subsec') * 1000000 AS INTEGER)) + (OLD.verify_staleness_seconds + 60) * 1000000)
  WHERE id = NEW.id AND NEW.verify_staleness_seconds < OLD.verify_staleness_seconds;
END;

CREATE TRIGGER tenants_deleted AFTER DELETE ON tenants
BEGIN
  INSERT INTO history VALUES (OLD.id, 'tenant', OLD.id, OLD.event, 'deleted', OLD.revision, 1, OLD.changed_at, OLD.changed_by,
    OLD.changed_request, json_set(OLD.state, '$.created_at', OLD.created_at), NULL);
END;

CREATE TRIGGER principals_created AFTER INSERT ON principals
BEGIN
  INSERT INTO history VALUES (NEW.tenant, 'principal', NEW.id, NULL, 'created', NEW.revision, 1, NEW.changed_at, NEW.changed_by,
    NEW.changed_request, NULL, NEW.state);
  UPDATE principals SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

CREATE TRIGGER principals_updated AFTER UPDATE OF state ON principals WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO history VALUES (NEW.tenant, 'principal', NEW.id, OLD.event, 'updated', NEW.revision, NEW.change <> OLD.change,
    NEW.changed_at, NEW.changed_by, NEW.changed_request, OLD.state, NEW.state);
  UPDATE principals SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

CREATE TRIGGER principals_deleted AFTER DELETE ON principals
BEGIN
  INSERT INTO history VALUES (OLD.tenant, 'principal', OLD.id, OLD.event, 'deleted', OLD.revision, 1, OLD.changed_at, OLD.changed_by,
    OLD.changed_request, json_set(OLD.state, '$.created_at', OLD.created_at), NULL);
END;

CREATE TRIGGER credentials_created AFTER INSERT ON credentials
BEGIN
  INSERT INTO history VALUES (NEW.tenant, 'credential', NEW.id, NULL, 'created', NEW.revision, 1, NEW.changed_at, NEW.changed_by,
    NEW.changed_request, NULL, NEW.state);
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

CREATE TRIGGER credentials_updated AFTER UPDATE OF state ON credentials WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO history VALUES (NEW.tenant, 'credential', NEW.id, OLD.event, 'updated', NEW.revision, NEW.change <> OLD.change,
    NEW.changed_at, NEW.changed_by, NEW.changed_request, OLD.state, NEW.state);
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

CREATE TRIGGER credentials_deleted AFTER DELETE ON credentials
BEGIN
  INSERT INTO history VALUES (OLD.tenant, 'credential', OLD.id, OLD.event, 'deleted', OLD.revision, 1, OLD.changed_at, OLD.changed_by,
    OLD.changed_request, json_set(OLD.state, '$.created_at', OLD.created_at), NULL);
END;

-- Events of secrets report their existence, their end, their master key, and that the value was replaced; never
-- anything derived from the value.
CREATE TRIGGER secrets_created AFTER INSERT ON secrets
BEGIN
  INSERT INTO events (tenant, seq, noun, id, secret, previous, action, revision, at, by, request, changes, widened)
  SELECT NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), 'credential', NEW.credential, NEW.id,
    c.event, 'secret_created', c.revision, NEW.changed_at, NEW.changed_by, NEW.changed_request,
    json_object('expires_at', json_object('before', NULL, 'after', NEW.expires_at)), 0
  FROM credentials AS c WHERE c.tenant = NEW.tenant AND c.id = NEW.credential;
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.credential;
END;

CREATE TRIGGER secrets_updated AFTER UPDATE OF id, digest, key, sealed, hint, expires_at ON secrets
WHEN NEW.id <> OLD.id OR NEW.digest <> OLD.digest OR NEW.key <> OLD.key OR NEW.sealed IS NOT OLD.sealed OR NEW.hint <> OLD.hint
  OR NEW.expires_at IS NOT OLD.expires_at
BEGIN
  INSERT INTO events (tenant, seq, noun, id, secret, previous, action, revision, at, by, request, changes, widened)
  SELECT NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), 'credential', NEW.credential, NEW.id,
    c.event, 'secret_updated', c.revision,
    iif(NEW.change = OLD.change, CAST(unixepoch('subsec') * 1000000 AS INTEGER), NEW.changed_at),
    iif(NEW.change = OLD.change, 'console', NEW.changed_by),
    iif(NEW.change = OLD.change, 'console', NEW.changed_request),
    -- VALUES, since D1 allows only five terms in a compound SELECT.
    (SELECT json_group_object(column1, json_object('before', json(column2), 'after', json(column3))) FROM (VALUES
      ('expires_at', json_quote(OLD.expires_at), json_quote(NEW.expires_at)),
      ('key', json_quote(OLD.key), json_quote(NEW.key)),
      ('value', '"kept"', iif(OLD.digest <> NEW.digest AND OLD.key = NEW.key, '"replaced"', '"kept"')))
     WHERE column2 <> column3),
    OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at)
  FROM credentials AS c WHERE c.tenant = NEW.tenant AND c.id = NEW.credential;
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.credential;
END;

CREATE TRIGGER secrets_ended AFTER DELETE ON secrets
BEGIN
  INSERT INTO events (tenant, seq, noun, id, secret, previous, action, revision, at, by, request, changes, widened)
  SELECT OLD.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = OLD.tenant), 'credential', OLD.credential, OLD.id,
    c.event, 'secret_ended', c.revision, OLD.changed_at, OLD.changed_by, OLD.changed_request,
    json_object('expires_at', json_object('before', OLD.expires_at, 'after', NULL)), 0
  FROM credentials AS c WHERE c.tenant = OLD.tenant AND c.id = OLD.credential;
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = OLD.tenant)
  WHERE tenant = OLD.tenant AND id = OLD.credential;
END;

-- The items of lists and objects: a CHECK allows no subquery. What the Worker could not read is not stored. Role
-- names are scope tokens (RFC 6749 §3.3).
CREATE TRIGGER tenants_items_inserted BEFORE INSERT ON tenants
BEGIN
  SELECT RAISE(ABORT, 'tenants: role_names') WHERE EXISTS (SELECT 1 FROM json_each(NEW.state, '$.role_names')
      WHERE type <> 'text' OR length(value) NOT BETWEEN 1 AND 255 OR value GLOB '*[^!#-~]*' OR instr(value, '\') OR instr(value, char(0)));
END;

CREATE TRIGGER tenants_items_updated BEFORE UPDATE OF state ON tenants
BEGIN
  SELECT RAISE(ABORT, 'tenants: role_names') WHERE NEW.state -> '$.role_names' IS NOT OLD.state -> '$.role_names' AND EXISTS (SELECT 1 FROM json_each(NEW.state, '$.role_names')
      WHERE type <> 'text' OR length(value) NOT BETWEEN 1 AND 255 OR value GLOB '*[^!#-~]*' OR instr(value, '\') OR instr(value, char(0)));
END;

CREATE TRIGGER credentials_items_inserted BEFORE INSERT ON credentials
BEGIN
  SELECT RAISE(ABORT, 'credentials: roles') WHERE EXISTS (SELECT 1 FROM json_each(NEW.state, '$.roles') WHERE NOT coalesce(CASE WHEN type = 'object' THEN
      json_type(value, '$.role_id') = 'text' AND coalesce(json_type(value, '$.resource'), 'text') = 'text'
      AND coalesce(json_type(value, '$.resource_instance'), 'text') = 'text'
      AND json_remove(value, '$.role_id', '$.resource', '$.resource_instance') = '{}' END, 0));
  SELECT RAISE(ABORT, 'credentials: metadata') WHERE EXISTS (SELECT 1 FROM json_each(NEW.state, '$.metadata') WHERE type <> 'text');
END;

CREATE TRIGGER credentials_items_updated BEFORE UPDATE OF state ON credentials
BEGIN
  SELECT RAISE(ABORT, 'credentials: roles') WHERE NEW.state -> '$.roles' IS NOT OLD.state -> '$.roles' AND EXISTS (SELECT 1 FROM json_each(NEW.state, '$.roles') WHERE NOT coalesce(CASE WHEN type = 'object' THEN
      json_type(value, '$.role_id') = 'text' AND coalesce(json_type(value, '$.resource'), 'text') = 'text'
      AND coalesce(json_type(value, '$.resource_instance'), 'text') = 'text'
      AND json_remove(value, '$.role_id', '$.resource', '$.resource_instance') = '{}' END, 0));
  SELECT RAISE(ABORT, 'credentials: metadata') WHERE NEW.state -> '$.metadata' IS NOT OLD.state -> '$.metadata' AND EXISTS (SELECT 1 FROM json_each(NEW.state, '$.metadata') WHERE type <> 'text');
END;

-- No id is used twice, even after deletion. INSERT OR REPLACE would delete a row without firing delete triggers, so
-- an existing id is rejected first.
CREATE TRIGGER tenants_no_replace BEFORE INSERT ON tenants
WHEN EXISTS (SELECT 1 FROM tenants WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM events WHERE tenant = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'tenants: this id is taken, or was used before');
END;

CREATE TRIGGER principals_no_replace BEFORE INSERT ON principals
WHEN EXISTS (SELECT 1 FROM principals WHERE tenant = NEW.tenant AND id = NEW.id) OR EXISTS (
  SELECT 1 FROM events INDEXED BY events_of_deleted
  WHERE id = NEW.id AND tenant = NEW.tenant AND action = 'deleted' AND noun = 'principal')
BEGIN
  SELECT RAISE(ABORT, 'principals: this id is taken, or was used before');
END;

CREATE TRIGGER credentials_no_replace BEFORE INSERT ON credentials
WHEN EXISTS (SELECT 1 FROM credentials WHERE id = NEW.id) OR EXISTS (
  SELECT 1 FROM events INDEXED BY events_of_deleted WHERE id = NEW.id AND action = 'deleted' AND noun = 'credential')
BEGIN
  SELECT RAISE(ABORT, 'credentials: this id is taken, or was used before');
END;

CREATE TRIGGER secrets_no_replace BEFORE INSERT ON secrets
WHEN EXISTS (SELECT 1 FROM secrets WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'secrets: this id is taken');
END;

CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE tenant = NEW.tenant AND seq = NEW.seq)
BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;

-- The keys of a row never change. Neither does a tenant's label, since no event would report it, nor a credential's
-- created_at, by which lists are ordered.
CREATE TRIGGER tenants_fixed BEFORE UPDATE ON tenants
WHEN NEW.id <> OLD.id OR NEW.label <> OLD.label
BEGIN
  SELECT RAISE(ABORT, 'tenants: id and label are fixed');
END;

CREATE TRIGGER principals_fixed BEFORE UPDATE ON principals
WHEN NEW.tenant <> OLD.tenant OR NEW.id <> OLD.id
BEGIN
  SELECT RAISE(ABORT, 'principals: tenant and id are fixed');
END;

CREATE TRIGGER credentials_fixed BEFORE UPDATE ON credentials
WHEN NEW.tenant <> OLD.tenant OR NEW.id <> OLD.id OR NEW.created_at <> OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'credentials: tenant, id and created_at are fixed');
END;

CREATE TRIGGER secrets_fixed BEFORE UPDATE ON secrets
WHEN NEW.tenant <> OLD.tenant OR NEW.credential <> OLD.credential OR NEW.created_at <> OLD.created_at
  -- The id of a token that a client chose is derived from its digest, so it changes with the master key; never to an
  -- existing id.
  OR (NEW.id <> OLD.id AND (NEW.key = OLD.key OR EXISTS (SELECT 1 FROM secrets WHERE id = NEW.id)))
BEGIN
  SELECT RAISE(ABORT, 'secrets: id, tenant, credential and created_at are fixed');
END;

-- A row is deleted in two steps: an UPDATE of `ending` with a new stamp (who, when, in which request), then the DELETE.
CREATE TRIGGER tenants_ending BEFORE UPDATE OF ending ON tenants
WHEN NEW.ending <> OLD.ending AND NEW.change = OLD.change
BEGIN
  SELECT RAISE(ABORT, 'tenants: stamp the ending (change, changed_at, changed_by, changed_request)');
END;

CREATE TRIGGER tenants_unstamped BEFORE DELETE ON tenants
WHEN NOT OLD.ending
BEGIN
  SELECT RAISE(ABORT, 'tenants: set ending, change, changed_at, changed_by and changed_request before you delete');
END;

CREATE TRIGGER principals_ending BEFORE UPDATE OF ending ON principals
WHEN NEW.ending <> OLD.ending AND NEW.change = OLD.change
BEGIN
  SELECT RAISE(ABORT, 'principals: stamp the ending (change, changed_at, changed_by, changed_request)');
END;

CREATE TRIGGER principals_unstamped BEFORE DELETE ON principals
WHEN NOT OLD.ending
BEGIN
  SELECT RAISE(ABORT, 'principals: set ending, change, changed_at, changed_by and changed_request before you delete');
END;

CREATE TRIGGER credentials_ending BEFORE UPDATE OF ending ON credentials
WHEN NEW.ending <> OLD.ending AND NEW.change = OLD.change
BEGIN
  SELECT RAISE(ABORT, 'credentials: stamp the ending (change, changed_at, changed_by, changed_request)');
END;

CREATE TRIGGER credentials_unstamped BEFORE DELETE ON credentials
WHEN NOT OLD.ending
BEGIN
  SELECT RAISE(ABORT, 'credentials: set ending, change, changed_at, changed_by and changed_request before you delete');
END;

CREATE TRIGGER secrets_ending BEFORE UPDATE OF ending ON secrets
WHEN NEW.ending <> OLD.ending AND NEW.change = OLD.change
BEGIN
  SELECT RAISE(ABORT, 'secrets: stamp the ending (change, changed_at, changed_by, changed_request)');
END;

CREATE TRIGGER secrets_unstamped BEFORE DELETE ON secrets
WHEN NOT OLD.ending
BEGIN
  SELECT RAISE(ABORT, 'secrets: set ending, change, changed_at, changed_by and changed_request before you delete');
END;

-- The default principal is never disabled, and is deleted only with its tenant: its DELETE deletes the tenant, so
-- that no tenant is without one. Foreign keys reject this while the tenant has anything else.
CREATE TRIGGER principals_default_enabled BEFORE UPDATE OF state ON principals
WHEN OLD.id = '00000000000000000000000000' AND NOT NEW.state ->> '$.enabled'
BEGIN
  SELECT RAISE(ABORT, 'the default principal stays');
END;

CREATE TRIGGER principals_default_stays BEFORE DELETE ON principals
WHEN OLD.id = '00000000000000000000000000' AND NOT EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant AND ending)
BEGIN
  SELECT RAISE(ABORT, 'the default principal stays');
END;

CREATE TRIGGER principals_default_deleted AFTER DELETE ON principals
WHEN OLD.id = '00000000000000000000000000'
BEGIN
  DELETE FROM tenants WHERE id = OLD.tenant;
END;

-- The views for writes. The first statement of a write inserts its verdict, with the resource after the write, into one
-- of the views below; the view's trigger writes the resource if the verdict is `go`. RETURNING returns a row inserted
-- into a view in any case, so one statement decides, writes and returns the result (docs/decisions/0020). Each act on
-- each kind of resource has its own view, since SQLite compiles every trigger of a view into every statement that
-- inserts into it.
CREATE VIEW changes AS SELECT
  -- Returned: the verdict, and the resource after the change.
  NULL AS judged, NULL AS tenant, NULL AS id, NULL AS label, NULL AS state, NULL AS revision, NULL AS created_at, NULL AS updated_at,
  NULL AS last_used_at, NULL AS newest, NULL AS sealing_key, NULL AS sealed, NULL AS secrets,
  -- Returned for `replay`: the row, the master key and the sealed secret kept for the Idempotency-Key, as JSON.
  NULL AS made,
  -- Only for the triggers.
  NULL AS principal, NULL AS writes, NULL AS differs,
  NULL AS change, NULL AS changed_at, NULL AS changed_by, NULL AS changed_request,
  NULL AS keyed_id, NULL AS keyed_body, NULL AS keyed_key, NULL AS keyed_sealed;

CREATE VIEW create_tenant AS SELECT * FROM changes;
CREATE VIEW create_principal AS SELECT * FROM changes;
CREATE VIEW create_credential AS SELECT * FROM changes;
CREATE VIEW change_tenant AS SELECT * FROM changes;
CREATE VIEW change_principal AS SELECT * FROM changes;
CREATE VIEW change_credential AS SELECT * FROM changes;

-- A deletion of many takes several batches. `step` is the maximum number of resources of each kind that one batch
-- deletes; `is_last` is 1 if nothing remains after it. Only the last batch deletes the caller, the principal or the
-- tenant, so that the same request can be sent for every batch.
CREATE VIEW deletions AS SELECT
  -- Returned.
  NULL AS judged, NULL AS is_last,
  -- Only for the triggers.
  NULL AS tenant, NULL AS id, NULL AS principal, NULL AS writes, NULL AS step,
  NULL AS change, NULL AS changed_at, NULL AS changed_by, NULL AS changed_request;

CREATE VIEW delete_tenant AS SELECT * FROM deletions;
CREATE VIEW delete_principal AS SELECT * FROM deletions;
CREATE VIEW delete_credential AS SELECT * FROM deletions;
CREATE VIEW delete_credentials AS SELECT * FROM deletions;

-- Stores the response to a creation or a rotation with its Idempotency-Key. A creation inserts into it by its trigger; a
-- rotation by the statement that reads the remaining secrets (src/store/sql/secrets_read.sql), since the response has them.
CREATE VIEW kept AS SELECT NULL AS owner, NULL AS tenant, NULL AS id, NULL AS label, NULL AS state, NULL AS revision, NULL AS created_at,
  NULL AS updated_at, NULL AS last_used_at, NULL AS secrets, NULL AS change, NULL AS changed_at, NULL AS changed_by, NULL AS keyed_id, NULL AS keyed_body,
  NULL AS keyed_key, NULL AS keyed_sealed;

CREATE TRIGGER kept_written INSTEAD OF INSERT ON kept WHEN NEW.keyed_id IS NOT NULL
BEGIN
  -- An existing response is at least a day old: otherwise the verdict would be `replay` or `key_reused`.
  INSERT INTO idempotency (tenant, caller, id, body, change, created_at, made, key, sealed)
  VALUES (NEW.owner, NEW.changed_by, NEW.keyed_id, NEW.keyed_body, NEW.change, NEW.changed_at,
    json_object('tenant', NEW.tenant, 'id', NEW.id, 'label', NEW.label, 'state', NEW.state, 'revision', NEW.revision,
      'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'last_used_at', NEW.last_used_at, 'secrets', NEW.secrets || ''),
    NEW.keyed_key, NEW.keyed_sealed)
  ON CONFLICT (tenant, caller, id) DO UPDATE SET body = excluded.body, change = excluded.change,
    created_at = excluded.created_at, made = excluded.made, key = excluded.key, sealed = excluded.sealed;
END;

CREATE TRIGGER create_tenant_written INSTEAD OF INSERT ON create_tenant WHEN NEW.writes
BEGIN
  INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
  VALUES (NEW.tenant, NEW.label, NEW.state, NEW.revision, NEW.created_at, NEW.updated_at, NEW.change, NEW.changed_at, NEW.changed_by,
    NEW.changed_request, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant));
  INSERT INTO kept VALUES ('', NEW.tenant, NEW.id, NEW.label, NEW.state, NEW.revision, NEW.created_at, NEW.updated_at, NEW.last_used_at, NEW.secrets,
    NEW.change, NEW.changed_at, NEW.changed_by, NEW.keyed_id, NEW.keyed_body, NEW.keyed_key, NEW.keyed_sealed);
END;

CREATE TRIGGER change_tenant_written INSTEAD OF INSERT ON change_tenant WHEN NEW.writes
BEGIN
  UPDATE tenants SET state = NEW.state, revision = NEW.revision, updated_at = NEW.updated_at,
    event = iif(NEW.differs, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), event),
    change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by, changed_request = NEW.changed_request
  WHERE id = NEW.tenant;
END;

CREATE TRIGGER create_principal_written INSTEAD OF INSERT ON create_principal WHEN NEW.writes
BEGIN
  INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
  VALUES (NEW.tenant, NEW.id, NEW.state, NEW.revision, NEW.created_at, NEW.updated_at, NEW.change, NEW.changed_at, NEW.changed_by,
    NEW.changed_request, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant));
  INSERT INTO kept VALUES (NEW.tenant, NEW.tenant, NEW.id, NEW.label, NEW.state, NEW.revision, NEW.created_at, NEW.updated_at, NEW.last_used_at, NEW.secrets,
    NEW.change, NEW.changed_at, NEW.changed_by, NEW.keyed_id, NEW.keyed_body, NEW.keyed_key, NEW.keyed_sealed);
END;

CREATE TRIGGER change_principal_written INSTEAD OF INSERT ON change_principal WHEN NEW.writes
BEGIN
  UPDATE principals SET state = NEW.state, revision = NEW.revision, updated_at = NEW.updated_at,
    event = iif(NEW.differs, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), event),
    change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by, changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND id = NEW.id;
END;

CREATE TRIGGER create_credential_written INSTEAD OF INSERT ON create_credential WHEN NEW.writes
BEGIN
  INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
  VALUES (NEW.tenant, NEW.id, NEW.state, NEW.revision, NEW.created_at, NEW.updated_at, NEW.change, NEW.changed_at, NEW.changed_by,
    NEW.changed_request, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant));
  INSERT INTO kept VALUES (NEW.tenant, NEW.tenant, NEW.id, NEW.label, NEW.state, NEW.revision, NEW.created_at, NEW.updated_at, NEW.last_used_at, NEW.secrets,
    NEW.change, NEW.changed_at, NEW.changed_by, NEW.keyed_id, NEW.keyed_body, NEW.keyed_key, NEW.keyed_sealed);
END;

CREATE TRIGGER change_credential_written INSTEAD OF INSERT ON change_credential WHEN NEW.writes
BEGIN
  UPDATE credentials SET state = NEW.state, revision = NEW.revision, updated_at = NEW.updated_at,
    event = iif(NEW.differs, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), event),
    change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by, changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND id = NEW.id;
END;

-- What a batch deletes: of a tenant with its principals and credentials, of a principal with its credentials, of the
-- credentials of a tenant or of a principal; or one credential. Each trigger stamps its rows, then deletes them through
-- the view `stamped`.
CREATE VIEW stamped AS SELECT NULL AS tenant, NULL AS change, NULL AS changed_at, NULL AS changed_by, NULL AS changed_request;

-- Secrets go first, since foreign keys refer to what is deleted after them. The default principal's deletion deletes its
-- tenant.
CREATE TRIGGER stamped_deleted INSTEAD OF INSERT ON stamped
BEGIN
  UPDATE secrets SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant
    AND credential IN (SELECT id FROM credentials WHERE tenant = NEW.tenant AND ending AND change = NEW.change);
  DELETE FROM secrets WHERE tenant = NEW.tenant AND ending AND change = NEW.change
    AND credential IN (SELECT id FROM credentials WHERE tenant = NEW.tenant AND ending AND change = NEW.change);
  DELETE FROM credentials WHERE tenant = NEW.tenant AND ending AND change = NEW.change;
  DELETE FROM principals WHERE tenant = NEW.tenant AND ending AND change = NEW.change;
END;

CREATE TRIGGER delete_tenant_written INSTEAD OF INSERT ON delete_tenant WHEN NEW.writes
BEGIN
  UPDATE credentials SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND id IN (SELECT id FROM credentials WHERE tenant = NEW.tenant LIMIT NEW.step);
  -- A principal goes after its credentials, the default principal with the tenant.
  UPDATE principals SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND (SELECT credentials FROM tenants WHERE id = NEW.tenant) <= NEW.step AND id IN (
    SELECT id FROM principals
    WHERE tenant = NEW.tenant AND (NEW.is_last OR id > '00000000000000000000000000') LIMIT NEW.step);
  UPDATE tenants SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request WHERE id = NEW.tenant AND NEW.is_last;
  INSERT INTO stamped VALUES (NEW.tenant, NEW.change, NEW.changed_at, NEW.changed_by, NEW.changed_request);
END;

CREATE TRIGGER delete_principal_written INSTEAD OF INSERT ON delete_principal WHEN NEW.writes
BEGIN
  UPDATE credentials SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND id IN (
    SELECT id FROM credentials_of_principal
    WHERE tenant = NEW.tenant AND principal = NEW.principal AND (NEW.is_last OR id <> NEW.changed_by) LIMIT NEW.step);
  UPDATE principals SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request WHERE tenant = NEW.tenant AND id = NEW.principal AND NEW.is_last;
  INSERT INTO stamped VALUES (NEW.tenant, NEW.change, NEW.changed_at, NEW.changed_by, NEW.changed_request);
END;

CREATE TRIGGER delete_credentials_written INSTEAD OF INSERT ON delete_credentials WHEN NEW.writes
BEGIN
  UPDATE credentials SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND id IN (
    SELECT id FROM credentials
    WHERE NEW.principal IS NULL AND tenant = NEW.tenant AND (NEW.is_last OR id <> NEW.changed_by)
    UNION ALL
    SELECT id FROM credentials_of_principal
    WHERE tenant = NEW.tenant AND principal = NEW.principal AND (NEW.is_last OR id <> NEW.changed_by)
    LIMIT NEW.step);
  INSERT INTO stamped VALUES (NEW.tenant, NEW.change, NEW.changed_at, NEW.changed_by, NEW.changed_request);
END;

CREATE TRIGGER delete_credential_written INSTEAD OF INSERT ON delete_credential WHEN NEW.writes
BEGIN
  UPDATE credentials SET ending = 1, change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.changed_by,
    changed_request = NEW.changed_request WHERE tenant = NEW.tenant AND id = NEW.id;
  INSERT INTO stamped VALUES (NEW.tenant, NEW.change, NEW.changed_at, NEW.changed_by, NEW.changed_request);
END;
