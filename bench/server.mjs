// Serves one side in a separate workerd. Started by fork(); its only argument is the configuration as JSON. It sends its URL and the
// process id of workerd to its parent, and exits when the parent exits or disconnects.
//
// With unsafeDirectSockets, workerd itself listens on the port. The proxies of wrangler and Miniflare cost many times what is measured.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Log, LogLevel, Miniflare, compatibilityDate } from "./miniflare.mjs";

const { modules, front, state, bindings, inspector } = JSON.parse(process.argv[2]);

process.on("SIGINT", () => {}); // Ctrl-C reaches the whole process group; the parent then disconnects
process.on("disconnect", async () => {
  await worker.dispose().catch(() => {});
  process.exit(0);
});

const type = (path) => (path.endsWith(".wasm") ? "CompiledWasm" : "ESModule");
const module = (name, path) => ({ type: type(path), path: name, contents: readFileSync(path) });
const sides = Object.entries(modules).map(([name, path]) => module(`side/${name}`, path));

const worker = new Miniflare({
  host: "127.0.0.1",
  log: new Log(LogLevel.ERROR),
  compatibilityDate,
  cf: false,
  modules: front ? [module(`${front}.mjs`, `bench/${front}.mjs`), ...sides] : sides,
  bindings,
  d1Databases: { DB: "bench" },
  resourcePersistencePath: state,
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  ...(inspector && { inspectorPort: 0 }),
});
await worker.ready;
const url = (await worker.unsafeGetDirectURL()).origin;
process.send({
  url,
  workerd: workerd(),
  inspector: inspector && (await worker.getInspectorURL()).href,
});

/** Returns the process id of workerd, which this process started. */
function workerd() {
  const all = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  const own = all.split("\n").map((line) => line.trim().split(/\s+/)).find(
    ([, parent, command]) => Number(parent) === process.pid && command.includes("workerd"),
  );
  return Number(own[0]);
}
