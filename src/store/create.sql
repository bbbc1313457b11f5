INSERT INTO credentials (tenant, id, principal, name, description, enabled, roles, expires_at, metadata, revision, created_at,
  updated_at, change, changed_at, changed_by, changed_request, event)
SELECT place, ?1 ->> '$.credential', to_principal, to_name, to_description, to_enabled, to_roles, to_expires_at, to_metadata,
  -- One that is made again under the id of a deleted one goes on from there: its ETags are others (RFC 9110 §8.8.1).
  coalesce((SELECT max(revision) + 1 FROM events INDEXED BY events_of_deleted
    WHERE tenant = verdict.place AND credential = ?1 ->> '$.credential' AND action = 'deleted'), 1),
  coalesce(?1 ->> '$.set.created_at', ?1 ->> '$.now'), coalesce(?1 ->> '$.set.updated_at', ?1 ->> '$.now'),
  ?1 ->> '$.change', ?1 ->> '$.now', caller, ?1 ->> '$.request',
  (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = verdict.place)
FROM verdict
WHERE verdict.code = 'go'
RETURNING *
