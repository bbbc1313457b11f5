-- The verdict and what a refusal, or the rest of the request, needs of it. D1 takes 32 arguments, which is 16 members.
json_object('code', code, 'caller', caller, 'rank', rank, 'caller_tenant', caller_tenant, 'caller_secret', caller_secret,
  'caller_expires_at', caller_expires_at, 'secret_made', secret_made, 'unnoted', unnoted, 'caller_key', caller_key, 'caller_sealed', caller_sealed, 'total', total,
  'retires_at', retires_at, 'retires_since', retires_since {more}) AS judged
