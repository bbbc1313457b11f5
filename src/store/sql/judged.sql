-- The verdict, with what the rest of the request needs. D1 allows a function 32 arguments, so an object 16 members.
json_object('code', code, 'caller', caller, 'rank', rank, 'caller_tenant', caller_tenant, 'caller_secret', caller_secret,
  'secret_made', secret_made, 'unnoted', unnoted, 'caller_key', caller_key, 'caller_sealed', caller_sealed, 'total', total,
  'retires_at', retires_at, 'retires_since', retires_since, 'caller_ends_at', caller_ends_at, 'verifies_all', verifies_all{more}) AS judged
