SELECT {judged}, place AS tenant, id, label, document AS state, revision, created_at, updated_at {columns}
FROM verdict
