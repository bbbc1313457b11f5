-- Lists by keyset, deletion in one batch, and what LiteGraph tells of a user. 0001 and 0002 stay as they are.

-- A page of a list reads its own rows and no others: its order is that of a key. `id` is the last column of each, so that no two
-- rows have the same place.
CREATE INDEX credentials_by_creation ON credentials (tenant, created_at, id);
CREATE INDEX principals_by_creation ON principals (tenant, created_at, id);
CREATE INDEX tenants_by_creation ON tenants (created_at, id);

-- What can be changed is in tables of its own, kept by triggers, and in no index: an UPDATE that names a column writes each index
-- that has it, also where it stays the same, and so every change of a credential would write two rows more.
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

INSERT INTO credentials_by_name SELECT c.tenant, c.name, c.id FROM tenants AS t JOIN credentials AS c ON c.tenant = t.id;
INSERT INTO credentials_of_principal
SELECT c.tenant, c.principal, c.created_at, c.id FROM tenants AS t JOIN credentials AS c ON c.tenant = t.id;

-- How many credentials a tenant has, so that nothing counts them.
ALTER TABLE tenants ADD COLUMN credentials INTEGER NOT NULL DEFAULT 0 CHECK (credentials >= 0);
UPDATE tenants SET credentials = (SELECT count(*) FROM credentials WHERE tenant = tenants.id);

CREATE TRIGGER credentials_listed AFTER INSERT ON credentials
BEGIN
  INSERT INTO credentials_by_name (tenant, name, id) VALUES (NEW.tenant, NEW.name, NEW.id);
  INSERT INTO credentials_of_principal (tenant, principal, created_at, id)
  VALUES (NEW.tenant, NEW.principal, NEW.created_at, NEW.id);
  UPDATE tenants SET credentials = credentials + 1 WHERE id = NEW.tenant;
END;

CREATE TRIGGER credentials_renamed AFTER UPDATE OF name ON credentials WHEN NEW.name <> OLD.name
BEGIN
  UPDATE credentials_by_name SET name = NEW.name WHERE tenant = OLD.tenant AND name = OLD.name AND id = OLD.id;
END;

CREATE TRIGGER credentials_moved AFTER UPDATE OF principal ON credentials WHEN NEW.principal <> OLD.principal
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

-- What LiteGraph tells of a user besides its name.
ALTER TABLE principals ADD COLUMN first_name TEXT CHECK (length(first_name) <= 255);
ALTER TABLE principals ADD COLUMN last_name TEXT CHECK (length(last_name) <= 255);
ALTER TABLE principals ADD COLUMN email TEXT CHECK (length(email) <= 255);

-- A deletion is a batch: its first statements stamp what is to go (ending, and for credentials and secrets the rest of the
-- stamp), while the caller is still there to be judged; its last ones delete what bears the stamp. These indexes hold
-- nothing but that, for the length of a batch.
ALTER TABLE tenants ADD COLUMN ending TEXT;     -- the change that deletes it
ALTER TABLE principals ADD COLUMN ending TEXT;  -- the change that deletes it
CREATE INDEX principals_ending ON principals (ending) WHERE ending IS NOT NULL;
CREATE INDEX credentials_ending ON credentials (change) WHERE ending;

-- The default principal goes with its tenant, and only so.
DROP TRIGGER principals_default_stays;
CREATE TRIGGER principals_default_stays BEFORE DELETE ON principals
WHEN OLD.id = '00000000000000000000000000'
  AND NOT EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant AND ending IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'the default principal stays');
END;

-- And the tenant with it: there is none without its default principal. What else it has keeps it from going.
CREATE TRIGGER principals_default_gone AFTER DELETE ON principals
WHEN OLD.id = '00000000000000000000000000'
BEGIN
  DELETE FROM tenants WHERE id = OLD.tenant;
END;

-- As in 0002, and with the time of creation: where the credential stood in a list, for a continuation token that names it.
DROP TRIGGER credentials_deleted;
CREATE TRIGGER credentials_deleted AFTER DELETE ON credentials
BEGIN
  INSERT INTO events (tenant, seq, credential, previous, action, revision, at, by, request, changes, widened)
  VALUES (OLD.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = OLD.tenant), OLD.id, OLD.event, 'deleted',
    OLD.revision, OLD.changed_at, OLD.changed_by, OLD.changed_request,
    json_object(
      'principal', json_object('before', OLD.principal, 'after', NULL),
      'name', json_object('before', OLD.name, 'after', NULL),
      'description', json_object('before', OLD.description, 'after', NULL),
      'enabled', json_object('before', json(iif(OLD.enabled, 'true', 'false')), 'after', NULL),
      'roles', json_object('before', json(OLD.roles), 'after', NULL),
      'expires_at', json_object('before', OLD.expires_at, 'after', NULL),
      'created_at', json_object('before', OLD.created_at, 'after', NULL)),
    0);
END;
