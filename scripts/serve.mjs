// The built Worker in workerd with D1, straight on a port: for tests and measurements.
//
//   node scripts/serve.mjs PORT STATE SETTINGS      prints "ready"; SIGTERM ends it
//
// `wrangler dev` puts two proxies in between, which lose a connection now and then under load and answer 503 in the
// Worker's name. STATE is the folder that `wrangler … --persist-to` uses; SETTINGS a file of NAME="value" lines.
// POSTERN_BUILD=DIR serves another build than the one in build/.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

// Miniflare comes with wrangler, at the version that goes with it.
const { Log, LogLevel, Miniflare } = createRequire(createRequire(import.meta.url).resolve("wrangler"))("miniflare");

const [port, state, settings] = process.argv.slice(2);
const build = process.env.POSTERN_BUILD || "build";
const read = (file) => readFileSync(file, "utf8");
const bindings = Object.fromEntries([...read(settings).matchAll(/^(\w+)="?(.*?)"?$/gm)].map(([, name, value]) => [name, value]));
const wrangler = (name) => read("wrangler.toml").match(new RegExp(`^${name} = "(.*)"$`, "m"))[1];

const worker = new Miniflare({
  host: "127.0.0.1",
  log: new Log(LogLevel.WARN),
  compatibilityDate: wrangler("compatibility_date"),
  cf: false,
  modules: [
    { type: "ESModule", path: `${build}/index.js` },
    { type: "CompiledWasm", path: `${build}/index_bg.wasm` },
  ],
  bindings,
  d1Databases: { DB: wrangler("database_id") },
  d1Persist: `${state}/v3/d1`,
  unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(port) }],
});
await worker.ready;
console.log("ready");
process.on("SIGTERM", async () => {
  await worker.dispose();
  process.exit(0);
});
