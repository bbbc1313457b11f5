-- The tables. Ids are 128 bits in 26 characters of lower-case base32; times are whole microseconds since 1970, below
-- 2^53 so that JavaScript keeps every digit. Everything but an event belongs to a tenant that must exist: the tenant
-- stands in every key. The rules below are those of src/credential/validate.rs, held a second time for whoever writes
-- past the Worker.

CREATE TABLE tenants (
  id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
  label         TEXT    NOT NULL UNIQUE CHECK (length(label) BETWEEN 1 AND 255),
  name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  enabled       INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  rbac          INTEGER NOT NULL DEFAULT 1 CHECK (rbac IN (0, 1)),           -- may credentials be given roles
  preconditions INTEGER NOT NULL DEFAULT 0 CHECK (preconditions IN (0, 1)),  -- is If-Match required
  role_names    TEXT    NOT NULL DEFAULT '["admin","editor","viewer"]' CHECK (json_type(role_names) = 'array'),
  created_at    INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  updated_at    INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 9007199254740991)
) STRICT, WITHOUT ROWID;

CREATE TABLE principals (
  tenant      TEXT    NOT NULL REFERENCES tenants (id),
  id          TEXT    NOT NULL CHECK (length(id) = 26),
  name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  description TEXT    CHECK (length(description) <= 500),
  enabled     INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  created_at  INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  updated_at  INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 9007199254740991),
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  tenant          TEXT    NOT NULL,
  id              TEXT    NOT NULL CHECK (length(id) = 26),
  principal       TEXT    NOT NULL,
  name            TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  description     TEXT    CHECK (length(description) <= 500),
  enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  -- NULL is full access; the empty list, which might be taken for it, cannot be stored.
  roles           TEXT    CHECK (roles IS NULL OR (json_type(roles) = 'array' AND json_array_length(roles) BETWEEN 1 AND 100)),
  expires_at      INTEGER CHECK (expires_at BETWEEN 0 AND 9007199254740991),
  revision        INTEGER NOT NULL CHECK (revision >= 1),
  created_at      INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 9007199254740991),
  updated_at      INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 9007199254740991),
  last_used_at    INTEGER CHECK (last_used_at BETWEEN 0 AND 9007199254740991),
  -- The stamp of the change that wrote the row last: its own unique id, when, who made it, in which request. created_at
  -- and updated_at are for showing, and one face lets its client choose them; the history tells changed_at.
  change          TEXT    NOT NULL,
  changed_at      INTEGER NOT NULL,
  changed_by      TEXT    NOT NULL,
  changed_request TEXT    NOT NULL,
  ending          INTEGER NOT NULL DEFAULT 0 CHECK (ending IN (0, 1)),  -- stamped for deletion
  event           INTEGER NOT NULL,   -- events.seq of the newest event of this credential
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, principal) REFERENCES principals (tenant, id)
) STRICT, WITHOUT ROWID;

-- A secret's id is unique over all tenants, because it is what finds the caller.
CREATE TABLE secrets (
  id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
  tenant          TEXT    NOT NULL,
  credential      TEXT    NOT NULL,
  digest          TEXT    NOT NULL CHECK (length(digest) = 52),  -- HMAC-SHA-256 of the value, base32
  key             TEXT    NOT NULL,   -- the id of the master key behind digest and sealed
  sealed          TEXT,               -- AES-256-GCM of the value, where a face shows it on reads
  hint            TEXT    NOT NULL,   -- the last characters, where they give nothing away; else empty
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

-- The history: one row a change, in the order of commits, a tenant's own numbering. It references nothing, since it
-- outlives what it tells of. Each event names the one before it of the same credential (previous), and the credential
-- names its newest (credentials.event): so a credential's history is a walk along the key, and needs no second index
-- that every update would have to write.
CREATE TABLE events (
  tenant     TEXT    NOT NULL,
  seq        INTEGER NOT NULL,
  credential TEXT    NOT NULL,
  secret     TEXT,                -- the secret's id, where the event is one of a secret
  previous   INTEGER,
  action     TEXT    NOT NULL CHECK (action IN ('created', 'updated', 'deleted', 'secret_created', 'secret_updated', 'secret_ended')),
  revision   INTEGER NOT NULL,    -- of the credential, after the change
  at         INTEGER NOT NULL,
  by         TEXT    NOT NULL,    -- the calling credential's id, 'root', or 'console'
  request    TEXT    NOT NULL,
  changes    TEXT    NOT NULL CHECK (json_type(changes) = 'object'),  -- field: {before, after}; never a secret
  widened    INTEGER NOT NULL CHECK (widened IN (0, 1)),
  PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

-- What became of a deleted credential, which no row can tell any more.
CREATE INDEX events_of_deleted ON events (tenant, credential) WHERE action = 'deleted';
