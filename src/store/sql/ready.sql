-- The version of the schema, and whether a configured master key is that of any of the secrets with the highest ids; null if
-- there are no secrets. Without an index on the key, only so many are read. ?1 has the ids of the configured keys.
SELECT version, (SELECT max(instr(?1, key) > 0) FROM (SELECT key FROM secrets ORDER BY id DESC LIMIT 20)) AS known
FROM schema_version
