-- The hint of a token that the client chose is empty. The numbers of a tenant's events have no gap.
resecret AND rank < 5 AND ?1 ->> '$.secret.hint' = '' AND coalesce((
  SELECT e.at > (?1 ->> '$.now') - 60000000 FROM events AS e WHERE e.tenant = verdict_of.tenant
  AND e.seq = (SELECT max(seq) - 599 FROM events WHERE tenant = verdict_of.tenant)), 0)
