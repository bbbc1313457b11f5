// node tests/worker/seed.mjs STATE MASTER_KEY
//
// Writes the large tenants for tests/worker/scale.rs into the migrated database in that folder, before a Worker serves
// it: through the API that would take minutes. The statements insert a principal and all of its credentials, each with
// two secrets that nobody knows. Every trigger fires, so counters and events are as if created through the API.
import { hkdfSync } from "node:crypto";
import { Miniflare, compatibilityDate, databaseId } from "../../bench/miniflare.mjs";

const [state, master] = process.argv.slice(2);

// The largest size is that of tests/worker/scale.rs (POSTERN_LARGE). Sizes are coprime to the factors below, so
// numbers are unique.
const SIZES = [1_000, 2_500, Number(process.env.POSTERN_LARGE || 11_000)];

/** The id of a master key, as src/credential/secret.rs makes it: `make keys` counts these secrets with all others. */
function keyId(hex) {
  const bits = BigInt(`0x${Buffer.from(hkdfSync("sha256", Buffer.from(hex, "hex"), "", "postern id", 5)).toString("hex")}`);
  const letters = "0123456789abcdefghjkmnpqrstvwxyz";
  return Array.from({ length: 8 }, (_, place) => letters[Number((bits >> BigInt(35 - 5 * place)) & 31n)]).join("");
}

// ?1 is the size, ?2 the key's id. The orders by id, by name and by time of creation differ, and every three
// credentials have the same time. The last credential is the admin, which the tests create.
const numbers = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 2 < ?1)";
const [tenant, principal] = ["printf('7t%024d', ?1)", "printf('7p%024d', ?1)"];
const credential = "printf('7c%06d%018d', ?1, n * 37 % CAST(?1 AS INTEGER))";
const AT = 1600000000000000; // 2020-09-13T12:26:40Z
// The values that tests/worker/filters.rs selects by, each with a factor of its own: some credentials are disabled,
// some are editors, some have an expiry, some were used, and of some the newer secret is days younger. All are
// rotating, so each has two.
const ENDS = 1900000000000000; // 2030-03-17T17:46:40Z
const ROTATED = AT + 1000000000000; // 11 days later
const stamp = `printf('seed %d', ?1), ${AT}, 'console', 'console'`;
const tenantState = (name) => `json_object('name', ${name}, 'enabled', json('true'), 'rbac', json('true'), 'preconditions', json('false'),
  'role_names', json('["admin","editor","viewer"]'), 'verify_staleness_seconds', 0)`;
const statements = [
  `INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
   SELECT ${tenant}, printf('seed-%d', ?1), ${tenantState("printf('Seed %d', ?1)")}, 1, ${AT}, ${AT}, ${stamp}, 1 WHERE ?2 <> ''`,
  `INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
   SELECT ${tenant}, ${principal}, '{"name":"all of them","enabled":true}', 1, ${AT}, ${AT}, ${stamp}, 3 WHERE ?2 <> ''`,
  // json_patch removes expiries that are null.
  `${numbers}
   INSERT INTO credentials (tenant, id, state, last_used_at, revision, created_at, updated_at, change, changed_at, changed_by,
     changed_request, event)
   SELECT ${tenant}, ${credential}, json_patch('{}', json_object('principal', ${principal},
     'name', printf('name %06d', n * 49 % CAST(?1 AS INTEGER)), 'enabled', json(iif(n % 3 > 0, 'true', 'false')),
     'roles', json(iif(n % 7, '[{"role_id":"viewer"}]', '[{"role_id":"viewer"},{"resource":"dataset","role_id":"editor"}]')),
     'unrestricted', json('false'), 'access', 'none', 'self_rotate', json('false'), 'expires_at', iif(n % 11, NULL, ${ENDS} + n))),
     iif(n % 5, NULL, ${AT} + n), 1, ${AT} + n / 3, ${AT}, ${stamp}, n + 4
   FROM numbers WHERE ?2 <> ''`,
  `${numbers}
   INSERT INTO secrets (id, tenant, credential, digest, key, hint, created_at, expires_at, change, changed_at, changed_by,
     changed_request)
   SELECT printf('7s%06d%018d', ?1, n), ${tenant}, ${credential}, printf('%052d', 0), ?2, '', ${AT}, ${ENDS} + n, ${stamp}
   FROM numbers`,
  `${numbers}
   INSERT INTO secrets (id, tenant, credential, digest, key, hint, created_at, change, changed_at, changed_by, changed_request)
   SELECT printf('7r%06d%018d', ?1, n), ${tenant}, ${credential}, printf('%052d', 0), ?2, '', iif(n % 2, ${AT} + 1, ${ROTATED} + n),
     ${stamp}
   FROM numbers`,
];

const worker = new Miniflare({
  modules: true,
  script: "export default {}",
  compatibilityDate,
  cf: false,
  d1Databases: { DB: databaseId },
  resourcePersistencePath: `${state}/v3`,
});
const database = await worker.getD1Database("DB");
for (const size of SIZES) {
  await database.batch(statements.map((sql) => database.prepare(sql).bind(size, keyId(master))));
}
await worker.dispose();
