-- Deletes the keys of issuers that nobody asked for within a day.
DELETE FROM issuers WHERE issuer IN (SELECT issuer FROM issuers WHERE tried_at <= ?1 - 86400000000 ORDER BY tried_at LIMIT 1000)
