// Serves the built Worker in workerd with D1 directly on a port, for tests and measurements.
//
//   node scripts/serve.mjs PORT STATE SETTINGS      prints "ready" when it responds; SIGTERM stops it
//
// `wrangler dev` adds two proxies, which sometimes lose a connection under load and respond with 503 in the Worker's name. STATE is
// the folder that `wrangler … --persist-to` uses; SETTINGS is a file of NAME="value" lines. POSTERN_BUILD=DIR serves that build in
// place of build/. POSTERN_FRONT=FILE puts a module in front of the build, which it imports as "./index.js".
// WRANGLER_CONFIG=FILE is read in place of wrangler.toml. POSTERN_UNLIMITED=yes omits the limits on failed authentications, which tests exceed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { Log, LogLevel, Miniflare } from "../bench/miniflare.mjs";

// Uses wrangler's parser for wrangler.toml.
const config = createRequire(import.meta.url)("wrangler").unstable_readConfig({ config: process.env.WRANGLER_CONFIG || "wrangler.toml" }, { hideWarnings: true });

const [port, state, settings] = process.argv.slice(2);
const build = process.env.POSTERN_BUILD || "build";
const front = process.env.POSTERN_FRONT;
const limits = process.env.POSTERN_UNLIMITED ? [] : config.ratelimits;
const { directory, html_handling, run_worker_first } = config.assets;

const worker = new Miniflare({
  host: "127.0.0.1",
  log: new Log(LogLevel.WARN),
  compatibilityDate: config.compatibility_date,
  cf: false,
  modulesRoot: build,
  modules: [
    // The path is in the build's folder, so that the import of "./index.js" is resolved there.
    ...(front ? [{ type: "ESModule", path: `${build}/front.js`, contents: readFileSync(front, "utf8") }] : []),
    { type: "ESModule", path: `${build}/index.js` },
    { type: "CompiledWasm", path: `${build}/index_bg.wasm` },
  ],
  bindings: parseEnv(readFileSync(settings, "utf8")),
  // With assets, requests pass the router that also precedes the Worker on Cloudflare's network.
  assets: {
    directory,
    run_worker_first,
    assetConfig: { html_handling },
    routerConfig: { has_user_worker: true },
  },
  d1Databases: { DB: config.d1_databases[0].database_id },
  ratelimits: Object.fromEntries(limits.map(({ name, ...limit }) => [name, limit])),
  resourcePersistencePath: `${state}/v3`,
  unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(port) }],
});
await worker.ready;
console.log("ready");
process.on("SIGTERM", async () => {
  await worker.dispose();
  process.exit(0);
});
