-- The triggers: no data statement, not even one typed at the database's console, changes a credential or a secret
-- without leaving an event. A change that carries no stamp of its own (the column change) is told as made at the
-- console, now. (Whoever may drop a trigger may do anything; SECURITY.md says so.)

-- Every tenant is born with a default principal, all zero, which stays.
CREATE TRIGGER tenants_born AFTER INSERT ON tenants
BEGIN
  INSERT INTO principals (tenant, id, name, created_at, updated_at)
  VALUES (NEW.id, '00000000000000000000000000', 'default', NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER principals_default_stays BEFORE DELETE ON principals
WHEN OLD.id = '00000000000000000000000000'
BEGIN
  SELECT RAISE(ABORT, 'the default principal stays');
END;

CREATE TRIGGER principals_default_enabled BEFORE UPDATE ON principals
WHEN OLD.id = '00000000000000000000000000' AND NOT NEW.enabled
BEGIN
  SELECT RAISE(ABORT, 'the default principal stays');
END;

-- INSERT OR REPLACE deletes without firing delete triggers: an id that is there is refused before it can.
CREATE TRIGGER tenants_no_replace BEFORE INSERT ON tenants
WHEN EXISTS (SELECT 1 FROM tenants WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'tenants: this id is taken');
END;

CREATE TRIGGER principals_no_replace BEFORE INSERT ON principals
WHEN EXISTS (SELECT 1 FROM principals WHERE tenant = NEW.tenant AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'principals: this id is taken');
END;

CREATE TRIGGER credentials_no_replace BEFORE INSERT ON credentials
WHEN EXISTS (SELECT 1 FROM credentials WHERE tenant = NEW.tenant AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'credentials: this id is taken');
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

-- What a row is does not change: neither its key nor its birth.
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
  -- The id of a client's own token is made of its digest, so it moves to another key with it; never onto another's.
  OR (NEW.id <> OLD.id AND (NEW.key = OLD.key OR EXISTS (SELECT 1 FROM secrets WHERE id = NEW.id)))
BEGIN
  SELECT RAISE(ABORT, 'secrets: id, tenant, credential and created_at are fixed');
END;

-- A deletion says who, when and in which request first (UPDATE: ending and a new stamp), then deletes.
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

-- Events of credentials. The Worker's own statements set credentials.event to the number that the event is about to
-- get; where another statement did not, the last line of each trigger sets it right (one more row written).
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
      'expires_at', json_object('before', NULL, 'after', NEW.expires_at)),
    0);
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

-- On what a credential is and may do: not on its revision, stamps or last use.
CREATE TRIGGER credentials_updated AFTER UPDATE OF principal, name, description, enabled, roles, expires_at ON credentials
WHEN NEW.principal <> OLD.principal OR NEW.name <> OLD.name OR NEW.description IS NOT OLD.description
  OR NEW.enabled <> OLD.enabled OR NEW.roles IS NOT OLD.roles OR NEW.expires_at IS NOT OLD.expires_at
BEGIN
  INSERT INTO events (tenant, seq, credential, previous, action, revision, at, by, request, changes, widened)
  VALUES (NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), NEW.id, OLD.event, 'updated',
    NEW.revision,
    iif(NEW.change = OLD.change, CAST(unixepoch('subsec') * 1000000 AS INTEGER), NEW.changed_at),
    iif(NEW.change = OLD.change, 'console', NEW.changed_by),
    iif(NEW.change = OLD.change, 'console', NEW.changed_request),
    -- VALUES, not a compound SELECT, of which D1 allows five terms.
    (SELECT json_group_object(column1, json_object('before', json(column2), 'after', json(column3))) FROM (VALUES
      ('principal', json_quote(OLD.principal), json_quote(NEW.principal)),
      ('name', json_quote(OLD.name), json_quote(NEW.name)),
      ('description', json_quote(OLD.description), json_quote(NEW.description)),
      ('enabled', iif(OLD.enabled, 'true', 'false'), iif(NEW.enabled, 'true', 'false')),
      ('roles', coalesce(OLD.roles, 'null'), coalesce(NEW.roles, 'null')),
      ('expires_at', json_quote(OLD.expires_at), json_quote(NEW.expires_at)))
     WHERE column2 <> column3),
    -- Widening: roles to none (full access), a role added to some, disabled to enabled, a later end or none.
    (OLD.roles IS NOT NULL AND NEW.roles IS NULL)
    OR (OLD.roles IS NOT NULL
        AND EXISTS (SELECT value FROM json_each(NEW.roles) EXCEPT SELECT value FROM json_each(OLD.roles)))
    OR (NEW.enabled > OLD.enabled)
    OR (OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at)));
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.id AND event <> (SELECT max(seq) FROM events WHERE tenant = NEW.tenant);
END;

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
      'expires_at', json_object('before', OLD.expires_at, 'after', NULL)),
    0);
END;

-- Events of secrets: that there is one, until when, and that its value was replaced; never anything made of the value.
CREATE TRIGGER secrets_created AFTER INSERT ON secrets
BEGIN
  INSERT INTO events (tenant, seq, credential, secret, previous, action, revision, at, by, request, changes, widened)
  SELECT NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), NEW.credential, NEW.id, c.event,
    'secret_created', c.revision, NEW.changed_at, NEW.changed_by, NEW.changed_request,
    json_object('expires_at', json_object('before', NULL, 'after', NEW.expires_at)), 0
  FROM credentials c WHERE c.tenant = NEW.tenant AND c.id = NEW.credential;
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.credential;
END;

CREATE TRIGGER secrets_updated AFTER UPDATE OF id, digest, key, sealed, hint, expires_at ON secrets
WHEN NEW.id <> OLD.id OR NEW.digest <> OLD.digest OR NEW.key <> OLD.key OR NEW.sealed IS NOT OLD.sealed OR NEW.hint <> OLD.hint
  OR NEW.expires_at IS NOT OLD.expires_at
BEGIN
  INSERT INTO events (tenant, seq, credential, secret, previous, action, revision, at, by, request, changes, widened)
  SELECT NEW.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), NEW.credential, NEW.id, c.event,
    'secret_updated', c.revision,
    iif(NEW.change = OLD.change, CAST(unixepoch('subsec') * 1000000 AS INTEGER), NEW.changed_at),
    iif(NEW.change = OLD.change, 'console', NEW.changed_by),
    iif(NEW.change = OLD.change, 'console', NEW.changed_request),
    (SELECT json_group_object(column1, json_object('before', json(column2), 'after', json(column3))) FROM (VALUES
      ('expires_at', json_quote(OLD.expires_at), json_quote(NEW.expires_at)),
      ('key', json_quote(OLD.key), json_quote(NEW.key)),
      ('value', '"kept"', iif(OLD.digest <> NEW.digest AND OLD.key = NEW.key, '"replaced"', '"kept"')))
     WHERE column2 <> column3),
    OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at)
  FROM credentials c WHERE c.tenant = NEW.tenant AND c.id = NEW.credential;
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = NEW.tenant)
  WHERE tenant = NEW.tenant AND id = NEW.credential;
END;

CREATE TRIGGER secrets_ended AFTER DELETE ON secrets
BEGIN
  INSERT INTO events (tenant, seq, credential, secret, previous, action, revision, at, by, request, changes, widened)
  SELECT OLD.tenant, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = OLD.tenant), OLD.credential, OLD.id, c.event,
    'secret_ended', c.revision, OLD.changed_at, OLD.changed_by, OLD.changed_request,
    json_object('expires_at', json_object('before', OLD.expires_at, 'after', NULL)), 0
  FROM credentials c WHERE c.tenant = OLD.tenant AND c.id = OLD.credential;
  UPDATE credentials SET event = (SELECT max(seq) FROM events WHERE tenant = OLD.tenant)
  WHERE tenant = OLD.tenant AND id = OLD.credential;
END;
