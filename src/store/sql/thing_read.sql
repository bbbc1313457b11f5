SELECT {judged}, tenant, id, label, document AS state, revision, created_at, updated_at {columns}
FROM verdict
