-- What is known of an issuer, as JSON.
SELECT json_object('tried_at', tried_at, 'fetched_at', fetched_at, 'keys', json(keys)) AS issuer FROM issuers WHERE issuer = ?1 ->> '$.issuer'
