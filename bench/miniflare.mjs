// wrangler's own version of Miniflare, and access to a D1 database in a folder without a Worker.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
export const { Log, LogLevel, Miniflare } = createRequire(require.resolve("wrangler"))("miniflare");

export const compatibilityDate = readFileSync("wrangler.toml", "utf8").match(/^compatibility_date = "(.*)"$/m)[1];

const open = new Set();
let closing = false;

/** Calls `use` with the database in that folder. No Worker may serve the database at the same time. */
export async function withDatabase(state, use) {
  if (closing) throw new Error("stopping");
  const worker = new Miniflare({
    modules: true,
    script: "export default {}",
    compatibilityDate,
    cf: false,
    d1Databases: { DB: "bench" },
    d1Persist: state,
  });
  open.add(worker);
  try {
    return await use(await worker.getD1Database("DB"));
  } finally {
    open.delete(worker);
    await worker.dispose();
  }
}

/** Closes the databases of `withDatabase`, and prevents further calls. */
export function closeDatabases() {
  closing = true;
  return Promise.allSettled([...open].map((worker) => worker.dispose()));
}
