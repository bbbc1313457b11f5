-- Replaces the keys of an issuer by those of the last fetch that was claimed.
UPDATE issuers SET keys = ?1 -> '$.keys', fetched_at = ?1 ->> '$.now'
WHERE issuer = ?1 ->> '$.issuer' AND tried_at = ?1 ->> '$.now'
