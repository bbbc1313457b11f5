-- Whether the credential would be valid for longer than its caller.
(caller_ends_at IS NOT NULL AND coalesce(to_document ->> '$.expires_at' > caller_ends_at, 1)) AS outlives,
