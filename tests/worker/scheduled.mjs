// node tests/worker/scheduled.mjs
//
// Serves the built Worker on a fresh database, creates credentials under idempotency keys, ages some of the kept
// responses, and sends the Worker its scheduled event, which HTTP cannot. Prints the result as JSON for
// tests/worker/scheduled.rs.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare, compatibilityDate, databaseId } from "../../bench/miniflare.mjs";

const state = mkdtempSync(join(tmpdir(), "postern-scheduled."));
process.on("exit", () => rmSync(state, { recursive: true }));
const migrated = spawnSync("bash", ["-c", 'source scripts/lib.sh; migrate "$1"', "scripts/lib.sh", state], { encoding: "utf8" });
if (migrated.status !== 0) throw new Error(migrated.stdout + migrated.stderr);

const build = process.env.POSTERN_BUILD || "build";
const root = `root_${randomBytes(24).toString("hex")}`;
const worker = new Miniflare({
  compatibilityDate,
  cf: false,
  modules: [
    { type: "ESModule", path: `${build}/index.js` },
    { type: "CompiledWasm", path: `${build}/index_bg.wasm` },
  ],
  bindings: { POSTERN_ROOT_TOKEN: root, POSTERN_MASTER_KEY: randomBytes(32).toString("hex") },
  d1Databases: { DB: databaseId },
  resourcePersistencePath: `${state}/v3`,
});

/** Makes something under a key, and gives the whole answer. */
async function post(path, key, body) {
  const answer = await worker.dispatchFetch(`http://localhost${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${root}`, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${text}`);
  return text;
}

const DAY = 86400000000; // microseconds
const ages = { "older than a day": DAY, "nearly a day old": DAY - 60000000, "new": 0 };
try {
  const database = await worker.getD1Database("DB");
  const rows = async (sql, ...values) => (await database.prepare(sql).bind(...values).all()).results;
  const kept = async () => {
    const names = await rows("SELECT made ->> '$.state' ->> '$.name' AS name FROM idempotency WHERE tenant <> '' ORDER BY created_at");
    return names.map(({ name }) => name);
  };
  const others = async () => {
    const tables = ["tenants", "principals", "credentials", "secrets", "events"];
    return JSON.stringify(await Promise.all(tables.map((table) => rows(`SELECT * FROM ${table}`))));
  };

  const tenant = JSON.parse(await post("/v1/tenants", "tenant", { name: "Scheduled" }));
  const make = (what) => post(`/v1/tenants/${tenant.id}/credentials`, what.replaceAll(" ", "-"), { name: what, roles: null });
  const made = {};
  for (const [what, age] of Object.entries(ages)) {
    made[what] = await make(what);
    await rows("UPDATE idempotency SET created_at = created_at - ?1 WHERE made ->> '$.state' ->> '$.name' = ?2", age, what);
  }
  const [before, rest] = [await kept(), await others()];
  const { outcome } = await (await worker.getWorker()).scheduled({ cron: "0 * * * *" });
  const [left, same] = [await kept(), rest === (await others())];
  const replayed = {};
  for (const what of Object.keys(ages)) replayed[what] = (await make(what)) === made[what];
  console.log(JSON.stringify({ before, outcome, left, replayed, others: same }));
} finally {
  await worker.dispose();
}
