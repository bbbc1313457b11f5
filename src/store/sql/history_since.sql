-- How the histories of some tenants went on. ?1 has, for each tenant, the event since which changes are reported (seq), and the
-- newest one that is known (newest). `was` is the time of the latter now, which is another one after the database was restored. `changed` has the credential of each later
-- event, and null for a tenant or a principal. A tenant without events has no row.
SELECT asked.value ->> 'tenant' AS tenant,
  (SELECT at FROM events WHERE tenant = asked.value ->> 'tenant' AND seq = asked.value ->> 'newest') AS was,
  (SELECT json_array(max(seq), at) FROM events WHERE tenant = asked.value ->> 'tenant') AS position,
  (SELECT json_group_array(iif(noun = 'credential', id, NULL)) FROM (SELECT noun, id FROM events
    WHERE tenant = asked.value ->> 'tenant' AND seq > asked.value ->> 'seq' ORDER BY seq LIMIT {changes})) AS changed
FROM json_each(?1) AS asked
