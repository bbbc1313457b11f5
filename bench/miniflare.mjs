// wrangler's own version of Miniflare, and access to a D1 database in a folder without a Worker.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const miniflare = createRequire(require.resolve("wrangler"))("miniflare");
export const { Log, LogLevel } = miniflare;

/** Miniflare 5 with the flat options of Miniflare 4, which it converts. */
export class Miniflare extends miniflare.Miniflare {
  constructor(options) {
    super(miniflare.convertV4MiniflareOptions(options));
  }

  setOptions(options) {
    return super.setOptions(miniflare.convertV4MiniflareOptions(options));
  }
}

const configuration = readFileSync("wrangler.toml", "utf8");
const setting = (name) => configuration.match(new RegExp(`^${name} = "(.*)"$`, "m"))[1];
export const compatibilityDate = setting("compatibility_date");
export const databaseId = setting("database_id");

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
    resourcePersistencePath: state,
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
