// The sides, the operations, and the data of each side before the first request.
import { fork } from "node:child_process";
import { cpSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { closeDatabases, withDatabase } from "./miniflare.mjs";
import { seed, spellings } from "./peer/seed.mjs";

/** The number of credentials that the requests use in turn. */
export const CREDENTIALS = 200;
export const OPS = ["put", "patch", "get", "put_litegraph"];
export const SIDES = ["ours", "peer", "peer_batched", "floor"];

// These keys protect only data in this machine's temporary folder.
const ROOT = `root_${"bench".repeat(8)}`;
const KEY = "5e".repeat(32);

/** Returns the build in that source tree. */
const buildOf = (tree) => ({
  modules: { "index.js": `${tree}/build/index.js`, "index_bg.wasm": `${tree}/build/index_bg.wasm` },
  bindings: { POSTERN_ROOT_TOKEN: ROOT, POSTERN_MASTER_KEY: KEY },
});
const OURS = buildOf(".");
const peer = (name) => ({ modules: { "index.js": `target/bench/${name}.js` }, bindings: { PEER_KEY: KEY } });

// ---------------------------------------------------------------------------------------------------------------------
// Requests

/** Returns a request as bench/load.mjs reads it, without the server and the load. */
function request(method, token, paths, body) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
  return { method, paths, headers, body: body && JSON.stringify(body) };
}

/** Returns the requests of OPS. Each id has the three spellings of bench/peer/seed.mjs. */
function requests({ token, tenant, principal, ids }) {
  const coactive = ids.map((id) => `/api/v1/auth-management/clients/${id.coactive}`);
  const account = `/organizations/${tenant.label}/service-accounts/${principal.keycard}`;
  const keycard = ids.map((id) => `${account}/credentials/${id.keycard}`);
  const litegraph = ids.map((id) => `/v1.0/tenants/${tenant.litegraph}/credentials/${id.litegraph}`);
  return {
    put: request("PUT", token, coactive, { name: "NAME", roles: [{ role_id: "viewer" }] }),
    patch: request("PATCH", token, keycard, { name: "NAME" }),
    get: request("GET", token, coactive),
    put_litegraph: request("PUT", token, litegraph, { UserGUID: principal.litegraph, Name: "NAME", Active: true }),
  };
}

/** Returns the requests of OPS and those of our own face, which the peers and the floor do not have. */
function own(made, secret) {
  const credentials = `/v1/tenants/${made.tenant.keycard}/credentials`;
  return {
    ...requests(made),
    list: request("GET", made.token, [`${credentials}?limit=100`]),
    verify: request("POST", made.token, ["/v1/verify"], { token: secret }),
    create: request("POST", made.token, [credentials], { name: "NAME", roles: [{ role_id: "viewer" }] }),
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

/** Stops all servers and prevents new ones. A server that does not exit within 20 seconds is killed. */
export async function stopAll() {
  stopping = true;
  await closeDatabases();
  const left = [...running];
  for (const child of left) if (child.connected) child.disconnect();
  const late = setTimeout(() => left.forEach((child) => child.kill("SIGKILL")), 20_000);
  await Promise.all(left.map((child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve))));
  clearTimeout(late);
}

/** Returns the counts of a server behind bench/counted.mjs, and sets its delay per trip in ms and whether it counts from now on. */
export async function control(server, { delay = 0, count = false } = {}) {
  return (await fetch(`${server.url}/-/bench?delay=${delay}${count ? "&count" : ""}`)).json();
}

/** Sends a request. Returns the JSON of the response; throws unless the status is 2xx. */
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

/** Creates the data of our Worker, the floor and the given peers in that folder. Returns `{side, state, requests}` by name. */
export async function prepare(folder, peers = ["peer", "peer_batched"]) {
  const state = (name) => `${folder}/${name}`;
  const made = await prepareOurs(state("ours"));
  // The floor has the same data.
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
 * Creates the data of the build in that tree, with its own migrations and requests, in a folder for each variant. Returns
 * `{side, state, options, requests}` by variant. In the variant cold, the text of each statement is new to the database.
 */
export async function prepareBuild(tree, folder) {
  const states = { warm: `${folder}/warm`, cold: `${folder}/cold` };
  const { server, made } = await populated(buildOf(tree), states.warm, tree);
  const requests = own(made, await secretOf(server, made.tenant.label, "viewer"));
  // The first request records the caller's use.
  await send(server, "GET", requests.get.paths[0], made.token);
  await server.stop();
  cpSync(states.warm, states.cold, { recursive: true });
  const variant = (name, options) => ({ side: buildOf(tree), state: states[name], options, requests });
  return { warm: variant("warm", {}), cold: variant("cold", { front: "cold" }) };
}

/**
 * Creates the data of the part "verify": a tenant whose verifications may be 300 seconds old. Returns `{side, state, requests}` by
 * where the response comes from. The last response to each request must contain `contains`.
 */
export async function prepareVerify(folder) {
  const states = { memory: `${folder}/memory`, database: `${folder}/database`, refused: `${folder}/refused` };
  const { server, made } = await populated(OURS, states.memory, ".");
  await send(server, "PATCH", `/v1/tenants/${made.tenant.keycard}`, ROOT, { verify_staleness_seconds: 300 });
  const token = await secretOf(server, made.tenant.label, "viewer");
  await server.stop();
  const asked = (path, max_staleness_seconds) => request("POST", made.token, [path], { token, max_staleness_seconds });
  const sent = {
    memory: { ...asked("/v1/verify", 300), contains: '"source":"memory"' },
    database: { ...asked("/v1/verify", 0), contains: '"source":"primary"' },
    // No such route: the body is received, but neither it nor the token is parsed.
    refused: { ...asked("/v1/absent", 300), status: 404 },
  };
  const prepared = ([name, verify]) => {
    if (name !== "memory") cpSync(states.memory, states[name], { recursive: true });
    return [name, { side: OURS, state: states[name], requests: { verify } }];
  };
  return Object.fromEntries(Object.entries(sent).map(prepared));
}

/** Starts our Worker on a new database with a tenant. Returns the server, and the ids and the token for its requests. */
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
  // The first request also records the caller's use, in a trip of its own after the response.
  await control(server, { count: true });
  await send(server, "GET", all.get.paths[0], token);
  for (let trips = 0; trips < 2; ) trips += (await control(server, { count: true })).trips;
  // Records the statements of one request per operation.
  const plans = {};
  for (const op of OPS) {
    const { method, paths, body } = all[op];
    await control(server, { count: true });
    await send(server, method, paths[0], token, body && JSON.parse(body));
    const { sent } = await control(server);
    if (sent.length !== 1) throw new Error(`our Worker took ${sent.length} trips for ${op}, but the floor supports only one`);
    const batch = JSON.parse(sent[0]);
    plans[op] = { statements: batch.map(({ sql }) => sql), command: JSON.parse(batch[0].params[0]) };
  }
  await server.stop();

  const floor = { modules: { "index.js": "bench/floor.mjs" }, bindings: { PLANS: plans } };
  const floorRequests = Object.fromEntries(OPS.map((op) => [op, { ...all[op], paths: ids.map(({ keycard }) => `/${op}/${keycard}`) }]));
  return { requests: all, floor, floorRequests };
}

/** Creates a credential with that role and returns its secret. */
async function secretOf(server, label, role) {
  const body = { name: `bench ${role}`, roles: [{ role_id: role }] };
  const made = await send(server, "POST", "/api/v1/auth-management/clients", ROOT, body, { "x-postern-tenant": label });
  return made.client_secret;
}

/** Starts our Worker on a tenant of bench/seed.mjs. Returns the server and its requests. */
export async function startGrown({ state, tenant, principal, ids }) {
  const server = await start(OURS, state, { front: "counted" });
  const token = await secretOf(server, tenant.label, "admin");
  const made = { token, tenant, principal: spellings(principal), ids: ids.map(spellings) };
  return { server, requests: own(made, await secretOf(server, tenant.label, "viewer")) };
}

/** Returns the files of a side, for their sizes. */
export const filesOf = ({ modules }) => Object.values(modules).filter((path) => existsSync(path));
