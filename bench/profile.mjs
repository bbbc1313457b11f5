// node bench/profile.mjs [OP] [SECONDS]     where our Worker's CPU time goes, under load of one operation (put)
//
// Profiles our isolate and the two isolates of the local database with V8's profiler, through workerd's inspector: self time by kind,
// by Rust module of the wasm, and by function. The profiler measures wall-clock time, which on a busy machine includes waiting for a
// processor, so compare shares. It builds a Worker with function names (scripts/build profile), which the one in build/ lacks.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { on, once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu, drive, stopLoad } from "./measure.mjs";
import { prepare, start, stopAll } from "./sides.mjs";

const ISOLATES = {
  "core:user:": "Our Worker",
  "d1:db": "Miniflare's database",
  "d1:db:entry": "Miniflare's wrapper of the database",
};
const SHOWN = 40;
const [op = "put", seconds = "10"] = process.argv.slice(2);
const BUILD = "target/profile";
const work = mkdtempSync(join(tmpdir(), "postern-profile-"));
let failed = false;
try {
  execFileSync("scripts/build", ["profile"], { stdio: "inherit" });
  const { ours } = await prepare(work, []);
  const modules = { "index.js": `${BUILD}/index.js`, "index_bg.wasm": `${BUILD}/index_bg.wasm` };
  const server = await start({ ...ours.side, modules }, ours.state, { inspector: true });
  const load = (length) => drive(server, ours.requests[op], { connections: 16, seconds: length });
  await load(2);
  const attached = Object.entries(ISOLATES).map(([id, title]) => attach(`${server.inspector}${id}`, title));
  const isolates = await Promise.all(attached);
  const before = cpu(server.workerd);
  const { requests } = await load(Number(seconds));
  const used = cpu(server.workerd) - before;
  console.log(`${op}: ${requests} requests; workerd used ${Math.round(used / requests)} µs of CPU time per request.`);
  for (const { title, stop } of isolates) print(title, await stop(), requests);
} catch (error) {
  console.error(error);
  failed = true;
} finally {
  stopLoad();
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Starts the profiler of an isolate; `stop` returns the profile. */
async function attach(url, title) {
  const socket = new WebSocket(url);
  await once(socket, "open");
  let sent = 0;
  const send = async (method, params = {}) => {
    const id = ++sent;
    socket.send(JSON.stringify({ id, method, params }));
    for await (const [{ data }] of on(socket, "message")) {
      const answer = JSON.parse(data);
      if (answer.id === id) return answer.result;
    }
  };
  await send("Profiler.enable");
  await send("Profiler.setSamplingInterval", { interval: 100 });
  await send("Profiler.start");
  const stop = async () => {
    const { profile } = await send("Profiler.stop");
    socket.close();
    return profile;
  };
  return { title, stop };
}

function print(title, { nodes, samples, timeDeltas }, requests) {
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const [kinds, modules, functions] = [new Map(), new Map(), new Map()];
  const add = (sums, key, time) => sums.set(key, (sums.get(key) ?? 0) + time);
  samples.forEach((id, at) => {
    const frame = frames.get(id);
    const kind = kindOf(frame);
    if (kind === "waiting") return;
    // Removes the hashes that rustc adds to names.
    const name = frame.functionName.replace(/::h[0-9a-f]{16}$|\[[0-9a-f]{16}\]/g, "") || "(anonymous)";
    const place = frame.url && kind !== "wasm" ? `, ${frame.url.split("/").at(-1)}:${frame.lineNumber + 1}` : "";
    add(kinds, kind, timeDeltas[at]);
    add(functions, `${name} [${kind}${place}]`, timeDeltas[at]);
    if (kind === "wasm") add(modules, moduleOf(name), timeDeltas[at]);
  });
  const all = [...kinds.values()].reduce((sum, time) => sum + time, 0);
  console.log(`\n== ${title}, µs a request`);
  const sections = { "By kind": kinds, "The wasm, by crate and module": modules, "By function": functions };
  for (const [head, sums] of Object.entries(sections)) {
    if (sums.size) console.log(`\n${head}`);
    for (const [name, time] of [...sums].sort(([, one], [, other]) => other - one).slice(0, SHOWN)) {
      console.log(`${(time / requests).toFixed(1).padStart(8)} ${((100 * time) / all).toFixed(1).padStart(5)} %  ${name}`);
    }
  }
}

/** Returns the kind of a frame. Names in brackets are V8's own. */
function kindOf({ functionName, url }) {
  if (functionName === "(idle)") return "waiting";
  if (functionName === "(garbage collector)") return "garbage collector";
  if (functionName === "(program)") return "neither JS nor wasm";
  if (url.startsWith("wasm:")) return "wasm";
  if (url.startsWith("cloudflare-internal:")) return "D1 binding";
  if (url.endsWith("index.js")) return "JS glue";
  return url ? "Miniflare" : "called by JS, native";
}

/** Returns the module of a function: postern::store for `<postern::store::Row as serde…>::f` and for `postern::store::f`. */
function moduleOf(name) {
  const path = name.replace(/^[<&*(\s]*(mut |dyn )?/, "").split(/[ <>(]/)[0].split("::").filter(Boolean);
  return path.slice(0, path[0] === "postern" ? 3 : 2).join("::");
}
