// What is measured: the sides, the operations, and the data of each side before the first request.
import { fork } from "node:child_process";
import { cpSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { closeDatabases, withDatabase } from "./miniflare.mjs";
import { seed, spellings } from "./peer/seed.mjs";

/** How many credentials the requests go over in turn. */
export const CREDENTIALS = 200;
export const OPS = ["put", "patch", "get", "put_litegraph"];
export const SIDES = ["ours", "peer", "peer_batched", "floor"];

// Nothing that these keys protect leaves this machine's temporary folder.
const ROOT = `root_${"bench".repeat(8)}`;
const KEY = "5e".repeat(32);

/** The build in that source tree. */
const buildOf = (tree) => ({
  modules: { "index.js": `${tree}/build/index.js`, "index_bg.wasm": `${tree}/build/index_bg.wasm` },
  bindings: { POSTERN_ROOT_TOKEN: ROOT, POSTERN_MASTER_KEY: KEY },
});
const OURS = buildOf(".");
const peer = (name) => ({ modules: { "index.js": `target/bench/${name}.js` }, bindings: { PEER_KEY: KEY } });

// ---------------------------------------------------------------------------------------------------------------------
// Requests

/** A request as bench/load.mjs takes it, but for where and how many. */
function asked(method, token, paths, body) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
  return { method, paths, headers, body: body && JSON.stringify(body) };
}

/** The four operations. Each id is in the three spellings of bench/peer/seed.mjs. */
function requests({ token, tenant, principal, ids }) {
  const coactive = ids.map((id) => `/api/v1/auth-management/clients/${id.coactive}`);
  const account = `/organizations/${tenant.label}/service-accounts/${principal.keycard}`;
  const keycard = ids.map((id) => `${account}/credentials/${id.keycard}`);
  const litegraph = ids.map((id) => `/v1.0/tenants/${tenant.litegraph}/credentials/${id.litegraph}`);
  return {
    put: asked("PUT", token, coactive, { name: "NAME", roles: [{ role_id: "viewer" }] }),
    patch: asked("PATCH", token, keycard, { name: "NAME" }),
    get: asked("GET", token, coactive),
    put_litegraph: asked("PUT", token, litegraph, { UserGUID: principal.litegraph, Name: "NAME", Active: true }),
  };
}

/** Those of our own face too: the peers and the floor have no such requests. */
function own(made, secret) {
  const credentials = `/v1/tenants/${made.tenant.keycard}/credentials`;
  return {
    ...requests(made),
    list: asked("GET", made.token, [`${credentials}?limit=100`]),
    verify: asked("POST", made.token, ["/v1/verify"], { token: secret }),
    create: asked("POST", made.token, [credentials], { name: "NAME", roles: [{ role_id: "viewer" }] }),
  };
}

// ---------------------------------------------------------------------------------------------------------------------
// Servers

const running = new Set();
let stopping = false;

/** Starts a server (bench/server.mjs): `{url, workerd, stop}`. */
export async function start({ modules, bindings }, state, options = {}) {
  if (stopping) throw new Error("stopping");
  const given = JSON.stringify({ modules, bindings, state, ...options });
  const child = fork(new URL("server.mjs", import.meta.url), [given], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  running.add(child);
  const ended = new Promise((resolve) => child.once("exit", resolve)).then(() => running.delete(child));
  const ready = await Promise.race([new Promise((resolve) => child.once("message", resolve)), ended]);
  if (!ready.url) throw new Error("a server ended before it was ready: see above");
  const stop = () => {
    if (child.connected) child.disconnect();
    return ended;
  };
  return { ...ready, stop };
}

/** Ends what is still running, and lets nothing start; what does not end by itself in 20 seconds is killed. */
export async function stopAll() {
  stopping = true;
  await closeDatabases();
  const left = [...running];
  for (const child of left) if (child.connected) child.disconnect();
  const late = setTimeout(() => left.forEach((child) => child.kill("SIGKILL")), 20_000);
  await Promise.all(left.map((child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve))));
  clearTimeout(late);
}

/** Of a server that counts: what it counted so far; from now on it counts or not, and each trip takes so much longer. */
export async function tell(server, { delay = 0, count = false } = {}) {
  return (await fetch(`${server.url}/-/bench?delay=${delay}${count ? "&count" : ""}`)).json();
}

/** One request after another as `request` says, the answers as JSON. Anything but a 2xx is an error. */
export async function send({ url }, method, path, token, body, headers = {}) {
  const sent = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }), ...headers };
  const answer = await fetch(url + path, { method, headers: sent, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

// ---------------------------------------------------------------------------------------------------------------------
// Data

export const migrate = async (database, tree = ".") => {
  for (const file of readdirSync(`${tree}/migrations`).sort()) {
    await database.prepare(readFileSync(`${tree}/migrations/${file}`, "utf8")).run();
  }
};

/** Makes the data of all sides under that folder, or of ours and the floor alone: of each `{side, state, requests}`. */
export async function prepare(folder, peers = ["peer", "peer_batched"]) {
  const state = (name) => `${folder}/${name}`;
  const made = await prepareOurs(state("ours"));
  // The floor works on the same data.
  cpSync(state("ours"), state("floor"), { recursive: true });
  const prepared = {
    ours: { side: OURS, state: state("ours"), requests: made.requests },
    floor: { side: made.floor, state: state("floor"), requests: made.floorRequests },
  };
  for (const name of peers) prepared[name] = await preparePeer(name, state(name));
  return prepared;
}

async function preparePeer(name, state) {
  const made = await withDatabase(state, (database) => seed(database, { key: KEY, credentials: CREDENTIALS }));
  return { side: peer(name), state, requests: requests(made) };
}

/**
 * Makes the data of the build in that tree, by its own migrations and requests, in a folder for each variant of it: of each
 * `{side, state, options, requests}`. Cold is the one whose statements are new to the database each time.
 */
export async function prepareBuild(tree, folder) {
  const states = { warm: `${folder}/warm`, cold: `${folder}/cold` };
  const { server, made } = await populated(buildOf(tree), states.warm, tree);
  const requests = own(made, await secretOf(server, made.tenant.label, "viewer"));
  // The first request notes the caller's use.
  await send(server, "GET", requests.get.paths[0], made.token);
  await server.stop();
  cpSync(states.warm, states.cold, { recursive: true });
  const variant = (name, options) => ({ side: buildOf(tree), state: states[name], options, requests });
  return { warm: variant("warm", {}), cold: variant("cold", { front: "cold" }) };
}

/** A server of ours on a new database with a tenant, and what its requests are made of. */
async function populated(side, state, tree) {
  await withDatabase(state, (database) => migrate(database, tree));
  const server = await start(side, state, { front: "counted" });
  const tenant = await send(server, "POST", "/organizations", ROOT, { name: "Bench" });
  const accounts = `/organizations/${tenant.label}/service-accounts`;
  const principal = await send(server, "POST", accounts, ROOT, { name: "bench" });
  const ids = [];
  for (let count = 0; count < CREDENTIALS; count++) {
    const body = { name: `credential ${count}`, description: "one of the bench" };
    ids.push((await send(server, "POST", `${accounts}/${principal.id}/credentials`, ROOT, body)).id);
  }
  const token = await secretOf(server, tenant.label, "admin");
  const made = {
    token,
    tenant: { ...spellings(tenant.id), label: tenant.label },
    principal: spellings(principal.id),
    ids: ids.map(spellings),
  };
  return { server, made };
}

async function prepareOurs(state) {
  const { server, made } = await populated(OURS, state, ".");
  const all = requests(made);
  const { token, ids } = made;
  // What ours asks the database, of one request each. The first notes the caller's use, in a trip of its own.
  await send(server, "GET", all.get.paths[0], token);
  const plans = {};
  for (const op of OPS) {
    const { method, paths, body } = all[op];
    await tell(server, { count: true });
    await send(server, method, paths[0], token, body && JSON.parse(body));
    const { asked } = await tell(server);
    if (asked.length !== 1) throw new Error(`ours took ${asked.length} trips for ${op}: the floor knows one`);
    const batch = JSON.parse(asked[0]);
    plans[op] = { statements: batch.map(({ sql }) => sql), command: JSON.parse(batch[0].params[0]) };
  }
  await server.stop();

  const floor = { modules: { "index.js": "bench/floor.mjs" }, bindings: { PLANS: plans } };
  const floorRequests = Object.fromEntries(OPS.map((op) => [op, { ...all[op], paths: ids.map(({ keycard }) => `/${op}/${keycard}`) }]));
  return { requests: all, floor, floorRequests };
}

/** The secret of a new credential with that role. */
async function secretOf(server, label, role) {
  const body = { name: `bench ${role}`, roles: [{ role_id: role }] };
  const made = await send(server, "POST", "/api/v1/auth-management/clients", ROOT, body, { "x-postern-tenant": label });
  return made.client_secret;
}

/** Starts ours on a tenant that bench/seed.mjs made: the server and its requests. */
export async function startGrown({ state, tenant, principal, ids }) {
  const server = await start(OURS, state, { front: "counted" });
  const token = await secretOf(server, tenant.label, "admin");
  const made = { token, tenant, principal: spellings(principal), ids: ids.map(spellings) };
  return { server, requests: own(made, await secretOf(server, tenant.label, "viewer")) };
}

/** The files of a side, for their sizes. */
export const filesOf = ({ modules }) => Object.values(modules).filter((path) => existsSync(path));
