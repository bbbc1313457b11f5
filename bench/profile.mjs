// node bench/profile.mjs [OP] [SECONDS]     where our Worker's processor time goes, under load of one operation (put)
//
// A profile by V8, through workerd's inspector, of our isolate and of the two that are the database here: self time by kind,
// of the wasm by Rust module, by function. It goes by the clock, so that on a busy machine waiting for a processor counts too:
// compare shares. The build in build/ has no names of functions, so this makes one that has (scripts/build profile).
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { on, once } from "node:events";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu, drive, stopLoad } from "./measure.mjs";
import { prepare, start, stopAll } from "./sides.mjs";

const WebSocket = createRequire(createRequire(import.meta.url).resolve("miniflare"))("ws");
const ISOLATES = {
  "core:user:": "Our Worker",
  "d1:db": "Miniflare's database",
  "d1:db:bench": "What Miniflare puts before it",
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
  console.log(`${op}: ${requests} requests; for each workerd used ${Math.round(used / requests)} µs of a processor.`);
  for (const { title, stop } of isolates) tell(title, await stop(), requests);
} catch (error) {
  console.error(error);
  failed = true;
} finally {
  stopLoad();
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Begins to profile an isolate; `stop` gives what was found. */
async function attach(url, title) {
  const socket = new WebSocket(url);
  await once(socket, "open");
  let asked = 0;
  const send = async (method, params = {}) => {
    const id = ++asked;
    socket.send(JSON.stringify({ id, method, params }));
    for await (const [text] of on(socket, "message")) {
      const answer = JSON.parse(text);
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

function tell(title, { nodes, samples, timeDeltas }, requests) {
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const [kinds, modules, functions] = [new Map(), new Map(), new Map()];
  const add = (sums, key, time) => sums.set(key, (sums.get(key) ?? 0) + time);
  samples.forEach((id, at) => {
    const frame = frames.get(id);
    const kind = kindOf(frame);
    if (kind === "waiting") return;
    // Without the hashes that rustc puts into the names.
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

/** Where a frame is: what V8 writes in brackets is its own. */
function kindOf({ functionName, url }) {
  if (functionName === "(idle)") return "waiting";
  if (functionName === "(garbage collector)") return "garbage collector";
  if (functionName === "(program)") return "neither JS nor wasm";
  if (url.startsWith("wasm:")) return "wasm";
  if (url.startsWith("cloudflare-internal:")) return "D1 binding";
  if (url.endsWith("index.js")) return "JS glue";
  return url ? "Miniflare" : "called by JS, native";
}

/** `<postern::store::Row as serde…>::f` and `postern::store::f` are postern::store. */
function moduleOf(name) {
  const path = name.replace(/^[<&*(\s]*(mut |dyn )?/, "").split(/[ <>(]/)[0].split("::").filter(Boolean);
  return path.slice(0, path[0] === "postern" ? 3 : 2).join("::");
}
