// Tenants with many credentials, for the part "growth". Written by SQL, because a million requests would take an hour. Every trigger
// fires, so counters, events and the tables of lists are as in real tenants. Seeded databases are kept for later runs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { withDatabase } from "./miniflare.mjs";
import { spellings } from "./peer/seed.mjs";
import { CREDENTIALS, migrate } from "./sides.mjs";

const KEPT = "target/bench";
/** How many rows of a table one statement inserts. */
const STEP = 50_000;

// ?1 is the size; the rows are from ?2 to before ?3. The orders by id, by name and by time of creation differ: the factors are coprime
// to every size, so that no number occurs twice. No request uses the credential with the last id: SQLite reads a range up to the first
// row past its end, and after the last id there is none, so such a request would read a row less.
const numbers = "WITH RECURSIVE numbers (n) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?3)";
const [tenant, principal] = ["printf('7t%024d', ?1)", "printf('7p%024d', ?1)"];
const credential = "printf('7c%024d', n * 41 % CAST(?1 AS INTEGER))";
const AT = 1600000000000000; // 2020-09-13T12:26:40Z
// As long as the ids in the stamps of real requests: bench/storage.mjs measures what the rows take.
const stamp = `printf('7x%024d', ?1), ${AT}, printf('7y%024d', ?1), printf('7z%024d', ?1)`;
const ONE = [
  `INSERT INTO tenants (id, label, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
   SELECT ${tenant}, 'grown',
     '{"name":"Grown","enabled":true,"rbac":true,"preconditions":false,"role_names":["admin","editor","viewer"],"verify_staleness_seconds":0}',
     1, ${AT}, ${AT}, ${stamp}, 1`,
  `INSERT INTO principals (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
   SELECT ${tenant}, ${principal}, '{"name":"all","enabled":true}', 1, ${AT}, ${AT}, ${stamp}, 3`,
];
const MANY = [
  `${numbers}
   INSERT INTO credentials (tenant, id, state, revision, created_at, updated_at, change, changed_at, changed_by, changed_request, event)
   SELECT ${tenant}, ${credential}, json_object('principal', ${principal}, 'name', printf('name %07d', n * 49 % CAST(?1 AS INTEGER)),
     'enabled', json('true'), 'roles', json('[{"role_id":"viewer"}]'), 'unrestricted', json('false'), 'access', 'none', 'self_rotate', json('false')),
     1, ${AT} + n / 3, ${AT}, ${stamp}, (SELECT coalesce(max(seq), 0) FROM events WHERE tenant = ${tenant}) + n - ?2 + 1
   FROM numbers`,
  `${numbers}
   INSERT INTO secrets (id, tenant, credential, digest, key, hint, created_at, change, changed_at, changed_by, changed_request)
   SELECT printf('7s%024d', n), ${tenant}, ${credential}, printf('%052d', 0), 'benchkey', 'hint', ${AT}, ${stamp} FROM numbers`,
];

/** Writes a tenant with `size` credentials into a migrated database. Calls `onProgress` with the finished share, from 0 to 1. */
export async function fill(database, size, onProgress) {
  await database.batch(ONE.map((sql) => database.prepare(sql).bind(size)));
  for (let from = 0; from < size; from += STEP) {
    const to = Math.min(size, from + STEP);
    await database.batch(MANY.map((sql) => database.prepare(sql).bind(size, from, to)));
    onProgress(to / size);
  }
}

/** Seeds a tenant with `size` credentials. Returns its folder and ids. Calls `onProgress` with the finished share, from 0 to 1. */
export async function seeded(size, onProgress) {
  const files = [...readdirSync("migrations").sort().map((file) => `migrations/${file}`), "bench/seed.mjs"];
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  const name = `grown-${size}-${hash.digest("hex").slice(0, 16)}`;
  const state = `${KEPT}/${name}`;
  if (!existsSync(`${state}/seeded`)) {
    mkdirSync(KEPT, { recursive: true });
    // Also remove databases of older schemas, which may have gigabytes.
    for (const old of readdirSync(KEPT)) {
      if (old.startsWith(`grown-${size}-`)) rmSync(`${KEPT}/${old}`, { recursive: true });
    }
    await withDatabase(state, async (database) => {
      await migrate(database);
      await fill(database, size, onProgress);
    });
    writeFileSync(`${state}/seeded`, "");
  }
  const id = (kind, n) => `7${kind}${String(n).padStart(24, "0")}`;
  const every = Math.floor(size / CREDENTIALS);
  const ids = Array.from({ length: CREDENTIALS }, (_, n) => id("c", n * every));
  return { state, tenant: { ...spellings(id("t", size)), label: "grown" }, principal: id("p", size), ids };
}
