-- What our own face can say, and no vendor's: metadata, revocation, and a revision of tenants and principals. 0001 to 0003
-- stay as they are.

-- Flat, string to string, ordered by key; its bounds are judged on the merged whole (src/store/verdict.sql).
ALTER TABLE credentials ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_type(metadata) = 'object' AND length(metadata) <= 8192);
-- A state of its own, beside enabled: whoever can only say enabled cannot lift it.
ALTER TABLE credentials ADD COLUMN revoked_at INTEGER CHECK (revoked_at BETWEEN 0 AND 9007199254740991);
ALTER TABLE credentials ADD COLUMN revoked_reason TEXT CHECK (length(revoked_reason) <= 500 AND revoked_at IS NOT NULL OR revoked_reason IS NULL);

ALTER TABLE tenants ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1);
ALTER TABLE principals ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1);

-- The triggers of 0002 and 0003, with the new columns.
DROP TRIGGER credentials_created;
CREATE TRIGGER credentials_created AFTER INSERT ON credentials
BEGIN
  INSERT INTO events (tenant, seq, credential, previous, action, revision, at, by, request, changes, widened)
  VALUES (NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), NEW.id, NULL, 'created',
    NEW.revision, NEW.changed_at, NEW.changed_by, NEW.changed_request,
    json_object(
      'principal', json_object('before', NULL, 'after', NEW.principal),
      'name', json_object('before', NULL, 'after', NEW.name),
      'description', json_object('before', NULL, 'after', NEW.description),
      'enabled', json_object('before', NULL, 'after', json(iif(NEW.enabled, 'true', 'false'))),
      'roles', json_object('before', NULL, 'after', json(NEW.roles)),
      'expires_at', json_object('before', NULL, 'after', NEW.expires_at),
      'metadata', json_object('before', NULL, 'after', json(NEW.metadata))),
    0);
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

DROP TRIGGER credentials_updated;
CREATE TRIGGER credentials_updated
AFTER UPDATE OF principal, name, description, enabled, roles, expires_at, metadata, revoked_at, revoked_reason ON credentials
WHEN NEW.principal <> OLD.principal OR NEW.name <> OLD.name OR NEW.description IS NOT OLD.description
  OR NEW.enabled <> OLD.enabled OR NEW.roles IS NOT OLD.roles OR NEW.expires_at IS NOT OLD.expires_at
  OR NEW.metadata <> OLD.metadata OR NEW.revoked_at IS NOT OLD.revoked_at OR NEW.revoked_reason IS NOT OLD.revoked_reason
BEGIN
  INSERT INTO events (tenant, seq, credential, previous, action, revision, at, by, request, changes, widened)
  VALUES (NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), NEW.id, OLD.event, 'updated',
    NEW.revision,
    iif(NEW.change = OLD.change, CAST(unixepoch('subsec') * 1000000 AS INTEGER), NEW.changed_at),
    iif(NEW.change = OLD.change, 'console', NEW.changed_by),
    iif(NEW.change = OLD.change, 'console', NEW.changed_request),
    (SELECT json_group_object(column1, json_object('before', json(column2), 'after', json(column3))) FROM (VALUES
      ('principal', json_quote(OLD.principal), json_quote(NEW.principal)),
      ('name', json_quote(OLD.name), json_quote(NEW.name)),
      ('description', json_quote(OLD.description), json_quote(NEW.description)),
      ('enabled', iif(OLD.enabled, 'true', 'false'), iif(NEW.enabled, 'true', 'false')),
      ('roles', coalesce(OLD.roles, 'null'), coalesce(NEW.roles, 'null')),
      ('expires_at', json_quote(OLD.expires_at), json_quote(NEW.expires_at)),
      ('metadata', OLD.metadata, NEW.metadata),
      ('revoked_at', json_quote(OLD.revoked_at), json_quote(NEW.revoked_at)),
      ('revoked_reason', json_quote(OLD.revoked_reason), json_quote(NEW.revoked_reason)))
     WHERE column2 <> column3),
    -- Widening: roles to none (full access), a role added to some, disabled to enabled, a later end or none, a revocation lifted.
    (OLD.roles IS NOT NULL AND NEW.roles IS NULL)
    OR (OLD.roles IS NOT NULL
        AND EXISTS (SELECT value FROM json_each(NEW.roles) EXCEPT SELECT value FROM json_each(OLD.roles)))
    OR (NEW.enabled > OLD.enabled)
    OR (OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at))
    OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL));
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

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
      'metadata', json_object('before', json(OLD.metadata), 'after', NULL),
      'revoked_at', json_object('before', OLD.revoked_at, 'after', NULL),
      'revoked_reason', json_object('before', OLD.revoked_reason, 'after', NULL),
      'created_at', json_object('before', OLD.created_at, 'after', NULL)),
    0);
END;

-- Answers to requests that made something under an Idempotency-Key, for a day: the same key and body gives the same answer.
CREATE TABLE idempotency (
  tenant     TEXT    NOT NULL,   -- empty where a tenant was made
  caller     TEXT    NOT NULL,   -- a credential's id, or 'root'
  id         TEXT    NOT NULL CHECK (length(id) = 52),    -- a keyed digest of the path and the key
  body       TEXT    NOT NULL CHECK (length(body) = 52),  -- a keyed digest of the body
  change     TEXT    NOT NULL,   -- the stamp of the request that made it
  created_at INTEGER NOT NULL,
  made       TEXT,               -- what was made, as its row then was; null only within the batch
  key        TEXT,               -- the id of the master key behind sealed
  sealed     TEXT,               -- the secret that was shown, sealed as those of secrets are
  PRIMARY KEY (tenant, caller, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);
