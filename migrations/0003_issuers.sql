-- The keys of issuers whose tokens a trust accepts, as they were last fetched (docs/KEYLESS.md). They are the same for every tenant;
-- who may log in is in the trusts only.

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 3 AS version;

CREATE TABLE issuers (
  issuer     TEXT    NOT NULL PRIMARY KEY CHECK (length(issuer) BETWEEN 1 AND 255),
  tenant     TEXT    NOT NULL,    -- whose trust it was first fetched for
  tried_at   INTEGER NOT NULL CHECK (tried_at BETWEEN 0 AND 9007199254740991),    -- when the last fetch began
  fetched_at INTEGER CHECK (fetched_at BETWEEN 0 AND 9007199254740991),           -- when the last one that succeeded began
  keys       TEXT CHECK (json_type(keys) = 'array'),                              -- what it found: public JWKs
  CHECK ((keys IS NULL) = (fetched_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Counts what was tried within the last minute, and finds what nobody asks for any more.
CREATE INDEX issuers_by_try ON issuers (tried_at);
-- Counts those of a tenant.
CREATE INDEX issuers_by_tenant ON issuers (tenant);
