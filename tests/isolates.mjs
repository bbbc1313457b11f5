// node tests/isolates.mjs: three Workers of the built script on one D1, each with its own memory of verifications, and on a replica that
// is behind. Clients verify with several bounds while others change what decides whether a token is valid, and the history is checked
// against what docs/VERIFICATION.md promises. Then D1 is away, and then random tokens are verified.
//
// POSTERN_VERIFICATIONS: the least number of verifications (a run takes 20 s in any case). POSTERN_RANDOM_TOKENS: the number of random
// tokens. Prints what cargo's tests print, so that scripts/test counts them.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { Log, LogLevel, Miniflare, compatibilityDate } from "../bench/miniflare.mjs";
import { migrate } from "../bench/sides.mjs";
import { State, mayBeInvalid, mayBeValid } from "./isolates/history.mjs";
import { run } from "./run.mjs";

const { POSTERN_VERIFICATIONS: least = 3_000, POSTERN_RANDOM_TOKENS: randoms = 20_000, POSTERN_BUILD: build = "build" } = process.env;
const ISOLATES = ["one", "two", "three"];
const READERS = 24;
/** The bytes by which the memory of an isolate may grow while random tokens are verified. */
const GROWTH = 1024 * 1024;
/** In ms. Longer than the greatest bound, so that tokens are verified past it. */
const DURATION = 20_000;
/** The bounds of the tenants, and of the requests, in seconds. */
const BOUNDS = [10, 2, 0];
const REQUESTED = [undefined, 10, 2, 0];
/** How far the replica is behind, in seconds, and the margin that its evidence has, in ms. */
const LAG = 1.5;
const MARGIN = 200;
/** The message of a batch while the database is away. */
const OVERLOADED = "D1 DB is overloaded. Requests queued for too long.";
const ROOT = `root_${randomBytes(24).toString("hex")}`;

const from = (path, file, type = "ESModule") => ({ type, path, contents: readFileSync(file) });
const modules = [
  from("front.js", "tests/isolates/front.mjs"),
  from("memory.js", "tests/isolates/memory.mjs"),
  from("faults.js", "tests/faults/front.mjs"),
  from("index.js", `${build}/index.js`),
  from("index_bg.wasm", `${build}/index_bg.wasm`, "CompiledWasm"),
];
const key = randomBytes(32).toString("hex");
const bindings = { POSTERN_ROOT_TOKEN: ROOT, POSTERN_MASTER_KEY: key, POSTERN_NEAR: String(MARGIN) };
const server = new Miniflare({
  host: "127.0.0.1",
  log: new Log(LogLevel.ERROR),
  handleStructuredLogs({ message }) {
    if (!message.includes(OVERLOADED)) console.error(message);
  },
  cf: false,
  workers: ISOLATES.map((name) => ({
    name,
    compatibilityDate,
    modules,
    bindings,
    d1Databases: { DB: "shared", REPLICA: "replica" },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  })),
});
await server.ready;
const databases = await Promise.all(["DB", "REPLICA"].map((name) => server.getD1Database(name, ISOLATES[0])));
for (const database of databases) await migrate(database);
await databases[0].exec("CREATE TABLE shipped (id INTEGER PRIMARY KEY, at REAL DEFAULT (unixepoch('subsec')), statements TEXT)");
const urls = await Promise.all(ISOLATES.map(async (name) => (await server.unsafeGetDirectURL(name)).origin));

const number = (value) => value.toLocaleString("en-US");
const sum = (values) => values.reduce((left, right) => left + right, 0);
const any = (list) => list[Math.floor(Math.random() * list.length)];
const between = (low, high) => low + Math.random() * (high - low);

/** Sends a request to an isolate. `faults` is what its database does (tests/faults/front.mjs). */
async function send(url, method, path, { token = ROOT, headers = {}, faults, json, text: given = json && JSON.stringify(json), form }) {
  const body = form ? new URLSearchParams(form) : given;
  // The server closes connections that are not used. On a busy machine, a request may be sent on one before that is noticed.
  const sent = { connection: "close", ...(token && { authorization: `Bearer ${token}` }), ...headers };
  if (given) sent["content-type"] = "application/json";
  if (faults) sent["x-fault-for-tests"] = JSON.stringify(faults);
  const answer = await fetch(url + path, { method, headers: sent, body });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text && JSON.parse(text) };
}

/** A database that is sometimes slow to begin or late to answer, which reorders reads and changes. */
const sometimes = () => (Math.random() < 0.02 ? [{ [any(["slow", "late"])]: between(1, 1500) }] : undefined);

/** Makes a change by root at any isolate. `bound` is that of the tenant that it is in, which `Postern-Effective-By` must add. */
async function change(bound, method, path, json) {
  const sent = Date.now();
  const answer = await send(any(urls), method, path, { json, faults: sometimes() });
  const name = `${method} ${path}: ${answer.status} ${answer.text}`;
  assert.ok(answer.status < 300, name);
  const by = answer.headers.get("postern-effective-by");
  if (bound === undefined) return answer;
  assert.equal(by !== null, bound > 0, name);
  if (!bound) return answer;
  // The header has whole seconds.
  const committed = Date.parse(by) - 1000 * bound - MARGIN;
  assert.ok(committed >= sent && committed < Date.now() + 1000, `${name}: ${by}`);
  return { ...answer, committed };
}

// ---------------------------------------------------------------------------------------------------------------------
// What is verified, and what changes it

const roles = (names) => names.split(" ").map((role_id) => ({ role_id }));

/** A tenant, with a verifier of its own. */
async function tenantWith(bound) {
  const { json } = await change(undefined, "POST", "/v1/tenants", { name: `bound ${bound}`, verify_staleness_seconds: bound });
  const tenant = { id: json.id, path: `/v1/tenants/${json.id}`, bound, enabled: new State(true), credentials: [] };
  tenant.verifier = { ...(await credentialIn(tenant, { access: "verify" })), entitled: new State(true) };
  const { verifier } = tenant;
  tenant.caller = { bound, token: verifier.tokens[0].text, of: { states: [...verifier.tokens[0].states, verifier.entitled] } };
  return tenant;
}

/** A credential, with the states that decide about its tokens. */
async function credentialIn(tenant, members = {}) {
  const credential = { enabled: new State(true), restored: new State(true), roles: new State("viewer"), tokens: [] };
  credential.exists = new State(false);
  credential.principal = new State(true);
  credential.states = [tenant.enabled, credential.enabled, credential.restored, credential.exists, credential.principal];
  let made;
  await credential.exists.change(true, async () => {
    const body = { name: "one", roles: roles("viewer"), ...members };
    made = (await change(undefined, "POST", `${tenant.path}/credentials`, body)).json;
    return {};
  });
  credential.id = made.id;
  credential.path = `${tenant.path}/credentials/${made.id}`;
  issued(credential, made.secret, new State(true));
  return credential;
}

/** Notes a token of a credential. The latest three are verified. */
function issued(credential, text, live) {
  const token = { text, states: [...credential.states, live], roles: credential.roles };
  credential.live = live;
  credential.tokens = [...credential.tokens.slice(-2), token];
}

async function accessToken(credential) {
  const form = { grant_type: "client_credentials", client_id: `client_${credential.id}`, client_secret: credential.tokens[0].text };
  const { status, json } = await send(urls[0], "POST", "/oauth/token", { token: null, form });
  assert.equal(status, 200);
  issued(credential, json.access_token, credential.live);
}

/** Changes a state to and fro. What is no longer valid often stays so until past the bound. */
const toAndFro = (state, bound, there, back) => async () => {
  await state.change(false, there);
  await pause(Math.random() < 0.3 ? 1000 * bound + between(200, 1500) : between(5, 500));
  await state.change(true, back);
  await pause(between(5, 1000));
};

/** Returns the clients that change a tenant, each with a credential of its own. */
async function changing(tenant) {
  const { bound, path } = tenant;
  const by = (method, path, json) => () => change(bound, method, path, json);
  const own = async (members) => {
    const credential = await credentialIn(tenant, members);
    await accessToken(credential);
    tenant.credentials.push(credential);
    return credential;
  };
  const [disabled, revoked, rotated, retiring, granted] = await Promise.all([own(), own(), own(), own(), own()]);
  const principal = (await change(undefined, "POST", `${path}/principals`, { name: "one" })).json;
  const owned = await own({ principal: principal.id });
  const pathOf = `${path}/principals/${principal.id}`;
  const { verifier } = tenant;

  /** Rotates a credential. Its former secret is valid for so many seconds more. */
  async function rotate(credential, grace) {
    const [former, live] = [credential.live, new State(false)];
    let answer;
    await live.change(true, async () => (answer = await change(bound, "POST", `${credential.path}/rotate`, { grace_seconds: grace })));
    const { from, until } = live.changes[1];
    const end = grace ? Date.parse(answer.json.secrets.findLast(({ expires_at }) => expires_at).expires_at) : from;
    // A rotation may be committed after the end that it sets.
    former.changes.push({ from: end, until: Math.max(until, grace && end + 1), value: false });
    issued(credential, answer.json.secret, live);
    await pause(1000 * grace + between(50, 2000));
  }

  return [
    toAndFro(disabled.enabled, bound, by("PATCH", disabled.path, { enabled: false }), by("PATCH", disabled.path, { enabled: true })),
    toAndFro(revoked.restored, bound, by("POST", `${revoked.path}/revoke`, {}), by("POST", `${revoked.path}/restore`, {})),
    toAndFro(owned.principal, bound, by("PATCH", pathOf, { enabled: false }), by("PATCH", pathOf, { enabled: true })),
    toAndFro(verifier.entitled, bound, by("PATCH", verifier.path, { access: "none" }), by("PATCH", verifier.path, { access: "verify" })),
    () => rotate(rotated, 0),
    () => rotate(retiring, 1),
    async () => {
      for (const names of ["editor", "editor viewer", "viewer"]) {
        await granted.roles.change(names, by("PATCH", granted.path, { roles: roles(names) }));
        await pause(Math.random() < 0.3 ? 1000 * bound + between(200, 1500) : between(5, 500));
      }
    },
    async () => {
      const deleted = await own();
      await pause(between(50, 2000));
      await deleted.exists.change(false, by("DELETE", deleted.path));
      await pause(Math.random() < 0.3 ? 1000 * bound + between(200, 1500) : between(5, 500));
      tenant.credentials.splice(tenant.credentials.indexOf(deleted), 1);
    },
  ];
}

// ---------------------------------------------------------------------------------------------------------------------
// Verifications

const history = [];

/** The ways to verify. Each returns what was answered about each token: undefined if nothing. */
const routes = {
  async verify(one, [{ text }]) {
    const { status, json } = await one.ask("POST", "/v1/verify", { token: one.caller.token, json: { token: text, ...one.bounded } });
    return { status, told: [json] };
  },
  async batch(one, tokens) {
    const body = { items: tokens.map(({ text }) => ({ token: text })), ...one.bounded };
    const { status, json } = await one.ask("POST", "/v1/verify/batch", { token: one.caller.token, json: body });
    return { status, told: json.items };
  },
  async introspection(one, [{ text }]) {
    const { status, json } = await one.ask("POST", "/oauth/introspect", { token: one.caller.token, form: { token: text, ...one.bounded } });
    return { status, told: [{ ...json, checked_at: undefined }] };
  },
  async authorize(one, [{ text }]) {
    const query = new URLSearchParams({ all: "editor", tenant: one.tenant.id, ...one.bounded });
    const headers = { "postern-verifier": one.caller.token };
    const { status } = await one.ask("GET", `/v1/authorize?${query}`, { token: text, headers });
    if (status === 503) return { status, told: [] };
    return { status: 200, told: [{ active: status !== 401, editor: status === 200 }] };
  },
};

async function verification(tenants, gateway) {
  const tenant = any(tenants);
  const tokens = any(tenant.credentials).tokens;
  const route = any(Object.keys(routes));
  const caller = any([tenant.caller, gateway, gateway, ...(route === "authorize" ? [] : [{ bound: Infinity, token: ROOT, of: { states: [] } }])]);
  const isolate = Math.floor(Math.random() * urls.length);
  const requested = any(REQUESTED);
  const bounded = requested === undefined ? {} : { max_staleness_seconds: requested };
  const asked = route === "batch" ? tokens : [any(tokens)];
  const faults = sometimes();
  let sent;
  const ask = (method, path, options) => {
    sent = Date.now();
    return send(urls[isolate], method, path, { ...options, faults });
  };
  const { status, told } = await routes[route]({ ask, bounded, caller, tenant }, asked);
  const bound = Math.min(requested ?? Infinity, tenant.bound, caller.bound);
  history.push({ sent, answered: Date.now() + 1, isolate, route, bound, caller, asked, status, told });
}

/** Checks a verification. Returns what kind of answers it had; throws if the answer is not permitted. */
function check({ sent, answered, bound, caller, asked, status, told, route }) {
  const permitted = [sent - 1000 * bound, answered];
  const during = [sent, answered];
  if (status !== 200) {
    // A proxy gets a 503 if its verifier is not accepted.
    assert.ok(route === "authorize" ? status === 503 : [401, 403].includes(status), `status ${status}`);
    assert.ok(mayBeInvalid(caller.of, during), `${status}, but the caller is valid`);
    return ["caller refused"];
  }
  assert.ok(mayBeValid(caller.of, permitted), "the caller was not valid within the bound");
  return asked.flatMap((token, at) => {
    const answer = told[at];
    if (!answer.active) {
      assert.ok(mayBeInvalid(token, during), "reported as invalid, but was valid");
      return ["no"];
    }
    const has =
      route === "authorize"
        ? (names) => names.includes("editor") === answer.editor
        : (names) => names === (answer.scope ?? answer.roles.map(({ role_id }) => role_id).sort().join(" "));
    assert.ok(mayBeValid(token, permitted, has), "was not valid, with these roles, within the bound");
    const kinds = [mayBeValid(token, during, has) ? "yes of now" : `yes only by bound ${bound}`];
    if (answer.checked_at) {
      const checked = Date.parse(answer.checked_at);
      const evidence = { checked, sent, answered, ...answer };
      assert.equal(answer.max_staleness_seconds, bound);
      assert.ok(checked >= permitted[0] && checked <= answered, `checked_at: ${JSON.stringify(evidence)}`);
      assert.ok(mayBeValid(token, [checked, answered], has), "a change before checked_at is not reflected");
      assert.ok(mayBeValid(caller.of, [checked, answered]), "a change of the caller before checked_at is not reflected");
      const at = checked + 1000 * answer.age_seconds;
      if (answer.source === "primary") {
        assert.ok(answer.age_seconds === 0 && checked >= sent, JSON.stringify(evidence));
      } else {
        assert.ok(["memory", "replica"].includes(answer.source), answer.source);
        assert.ok(answer.age_seconds <= bound && at >= sent && at <= answered, `age: ${JSON.stringify(evidence)}`);
      }
      if (answer.source === "replica") {
        assert.ok(checked <= answered - 1000 * LAG - MARGIN, `newer than a replica can show: ${JSON.stringify(evidence)}`);
      }
      kinds.push(`${answer.source} with bound ${bound}`);
    }
    return kinds;
  });
}

const over = new AbortController();
setMaxListeners(0, over.signal);
let failure;
const pause = (milliseconds) => wait(milliseconds, undefined, { signal: over.signal }).catch(() => {});

/** Brings the replica up to `LAG` ago. Until the first time, it has no data, and what it answers is not used. */
async function ship() {
  return (await send(urls[0], "POST", "/-/ship", { json: LAG })).json;
}

/** Repeats something until the run is over. */
async function repeat(what) {
  while (!over.signal.aborted) {
    await what().catch((error) => {
      failure ??= error;
      over.abort();
    });
  }
}

const tests = {};

tests["each isolate has its own memory"] = async () => {
  const tenant = await tenantWith(300);
  const { text } = (await credentialIn(tenant)).tokens[0];
  for (const source of ["primary", "memory"]) {
    for (const url of urls) assert.equal((await send(url, "POST", "/v1/verify", { json: { token: text } })).json.source, source);
  }
};

tests["no answer is older than its bound while tokens, roles, principals, tenants and callers change"] = async () => {
  const home = await tenantWith(10);
  const { tokens } = await credentialIn(home, { access: "verify_all" });
  const gateway = { bound: 10, token: tokens[0].text, of: tokens[0] };
  const [tenants, clients] = [[], []];
  for (const bound of BOUNDS) {
    const [inside, whole] = [await tenantWith(bound), await tenantWith(bound)];
    clients.push(...(await changing(inside)));
    for (let count = 0; count < 2; count++) whole.credentials.push(await credentialIn(whole));
    const enable = (enabled) => () => change(bound, "PATCH", whole.path, { enabled });
    clients.push(toAndFro(whole.enabled, bound, enable(false), enable(true)));
    tenants.push(inside, whole);
  }
  const end = Date.now() + DURATION;
  const reading = async () => {
    await verification(tenants, gateway);
    if (Date.now() > end && history.length >= Number(least)) over.abort();
  };
  const shipping = async () => (await ship()) || (await pause(20));
  await Promise.all([...clients, shipping, ...Array(READERS).fill(reading)].map(repeat));
  if (failure) throw failure;
  await wait(1000 * LAG);
  while (await ship());
  const events = await Promise.all(databases.map((database) => database.prepare("SELECT * FROM events ORDER BY tenant, seq").all()));
  assert.deepEqual(events[1].results, events[0].results, "the replica has another history");
  const counts = {};
  const broken = [];
  for (const one of history) {
    try {
      for (const kind of check(one)) counts[kind] = (counts[kind] ?? 0) + 1;
    } catch (error) {
      broken.push({ ...one, error });
    }
  }
  const count = (kind) => sum(Object.entries(counts).filter(([name]) => name.startsWith(kind)).map(([, value]) => value));
  console.log(
    `isolates: ${number(history.length)} verifications: ${number(count("yes "))} tokens valid, ${number(count("memory"))} of them from ` +
      `memory, ${number(count("replica"))} from a replica, ${number(count("yes only"))} only by the bound; ${number(count("no"))} not valid; ` +
      `${number(count("caller"))} callers refused; ${number(broken.length)} answers not permitted`,
  );
  for (const { error, sent, answered, route, isolate, bound } of broken.slice(0, 5)) {
    console.log(`${error.message}: ${route} at ${ISOLATES[isolate]}, bound ${bound}, from ${sent} to ${answered}`);
  }
  assert.equal(broken.length, 0);
  // Otherwise the history shows nothing.
  for (const bound of BOUNDS) assert.ok(counts[`primary with bound ${bound}`] > 0, `primary with bound ${bound}`);
  for (const bound of [10, 2]) {
    for (const kind of ["memory with bound", "yes only by bound"]) assert.ok(counts[`${kind} ${bound}`] > 0, `${kind} ${bound}`);
  }
  for (const kind of ["no", "caller refused"]) assert.ok(counts[kind] > 0, kind);
  // The replica is too far behind for the bound of 2, most of the time.
  assert.ok(counts["replica with bound 10"] > 0);
  for (const source of ["memory", "replica"]) assert.equal(counts[`${source} with bound 0`], undefined);
};

/** For each batch of a request. */
const AWAY = Array(3).fill({ before: OVERLOADED });

tests["while the database is away, known tokens are answered until their bound, then 503 like all others"] = async () => {
  const bound = 4;
  const tenant = await tenantWith(bound);
  const [known, unknown] = [await credentialIn(tenant), await credentialIn(tenant)];
  await accessToken(known);
  const [secret, access] = known.tokens;
  const root = { token: ROOT };

  async function ask(url, caller, token, { route = "verify", requested = 10, faults } = {}) {
    let sent;
    const request = (method, path, options) => {
      sent = Date.now();
      return send(url, method, path, { ...options, faults });
    };
    const bounded = { max_staleness_seconds: requested };
    const { status, told } = await routes[route]({ ask: request, bounded, caller, tenant }, [token]);
    return { status, told: told?.[0], sent, answered: Date.now() + 1 };
  }

  /** Asks about a token that is not known yet. */
  async function learn(url, caller, token) {
    const { told } = await ask(url, caller, token);
    assert.deepEqual([told.active, told.source], [true, "primary"]);
  }

  /** Returns a question with the time of its evidence, which nothing extends from now on. */
  async function question(url, caller, token) {
    const { told } = await ask(url, caller, token, { faults: AWAY });
    assert.equal(told.source, "memory");
    return { url, caller, token, evidence: Date.parse(told.checked_at) };
  }

  const learnAll = async (url) => {
    await learn(url, tenant.caller, secret);
    await wait(1000);
    await learn(url, root, access);
    return Promise.all([question(url, tenant.caller, secret), question(url, tenant.caller, access), question(url, root, access)]);
  };
  const questions = (await Promise.all(urls.map(learnAll))).flat();
  const counts = { 200: 0, 503: 0 };
  let isOver;
  do {
    // The requests of the last round are sent past every bound.
    isOver = questions.every(({ evidence }) => Date.now() > evidence + 1000 * bound);
    for (const { url, caller, token, evidence } of questions) {
      for (const route of Object.keys(routes)) {
        // Root is no verifier of a proxy.
        if (route === "authorize" && caller === root) continue;
        const { status, told, sent, answered } = await ask(url, caller, token, { route, faults: AWAY });
        const end = evidence + 1000 * bound;
        const name = `${route}: ${status}, sent ${sent - end} ms and answered ${answered - end} ms after the bound`;
        assert.ok(status === 503 ? answered > end : status === 200 && sent <= end && told.active, name);
        if (told?.checked_at) assert.deepEqual([told.source, Date.parse(told.checked_at)], ["memory", evidence], name);
        counts[status] += 1;
      }
    }
    for (const url of urls) {
      assert.equal((await ask(url, root, unknown.tokens[0], { faults: AWAY })).status, 503);
      assert.equal((await ask(url, root, secret, { requested: 0, faults: AWAY })).status, 503);
    }
    await wait(100);
  } while (!isOver);
  console.log(`isolates: ${number(counts[200])} answers without the database, within ${bound} s; then ${number(counts[503])} times 503`);
  assert.ok(counts[200] > 0);
  for (const { url, caller, token } of questions) assert.equal((await ask(url, caller, token)).told.active, true);
};

// ---------------------------------------------------------------------------------------------------------------------
// Memory

/** Searches the memory of the wasm at an isolate. */
async function memoryOf(url, texts = []) {
  return (await send(url, "POST", "/-/memory", { json: texts })).json;
}

/** Encodes as src/credential/base32.rs does. */
function base32(bytes) {
  let [text, bits, count] = ["", 0, 0];
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 5; count -= 5) text += ALPHABET[(bits >> (count - 5)) & 31];
  }
  return count ? text + ALPHABET[(bits << (5 - count)) & 31] : text;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Adds the checksum to a token. */
function withChecksum(body) {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return `${body}_${base32(checksum)}`;
}

/** Returns a token that nobody has: in the form of Postern's, or in that of one that a client chose. */
function randomToken() {
  if (Math.random() < 0.2) return randomBytes(24).toString("base64url");
  return withChecksum(`pstn_0${base32(randomBytes(16)).slice(1)}_${base32(randomBytes(32))}`);
}

tests["random tokens are not valid and take no memory"] = async () => {
  const tenant = await tenantWith(300);
  const [url] = urls;
  const { token: own } = tenant.caller;
  assert.equal(withChecksum(own.slice(0, own.lastIndexOf("_"))), own);
  async function verify(count) {
    let left = count;
    const client = async () => {
      while ((left -= 50) >= 0) {
        const tokens = Array.from({ length: 50 }, randomToken);
        const body = { items: tokens.map((token) => ({ token })), max_staleness_seconds: 300 };
        const { json } = await send(url, "POST", "/v1/verify/batch", { token: own, json: body });
        assert.ok(json.items.every(({ active, source }) => !active && source === "primary"), JSON.stringify(json));
        // As a caller.
        assert.equal((await send(url, "POST", "/v1/verify", { token: tokens[0], json: { token: tokens[1] } })).status, 401);
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    return (await memoryOf(url)).bytes;
  }
  const warm = await verify(2_000);
  const after = await verify(Number(randoms));
  console.log(`isolates: ${number(Number(randoms))} random tokens: 0 valid; ${number(warm)} bytes of wasm memory before, ${number(after)} after`);
  assert.ok(after <= warm + GROWTH);
};

tests["no token stays in the memory of an isolate, whichever way it came or went"] = async () => {
  const tenant = await tenantWith(300);
  const [url, elsewhere] = urls;
  const remembered = `name ${randomBytes(12).toString("hex")}`;
  const made = async (at, members = {}) => {
    const json = { name: remembered, roles: roles("viewer"), ...members };
    return (await send(at, "POST", `${tenant.path}/credentials`, { json })).json;
  };
  const { secret: admin } = await made(elsewhere, { access: "admin" });
  const { token: verifier } = tenant.caller;
  const verify = (options) => send(url, "POST", "/v1/verify", { token: verifier, ...options });
  const logIn = { grant_type: "client_credentials" };
  const basic = ({ id, secret }) => ({ authorization: `Basic ${btoa(`client_${id}:${secret}`)}` });

  // Each gets a credential that was made elsewhere, and returns an answer.
  const ways = {
    created: () => send(url, "POST", `${tenant.path}/credentials`, { json: { name: "one", roles: roles("viewer") } }),
    rotated: ({ id }) => send(url, "POST", `${tenant.path}/credentials/${id}/rotate`, { json: { grace_seconds: 60 } }),
    verified: ({ secret }) => verify({ json: { token: secret } }),
    "verified from memory": async ({ secret }) => {
      for (const source of ["primary", "memory"]) assert.equal((await verify({ json: { token: secret } })).json.source, source);
      return verify({ json: { token: secret } });
    },
    "verified in a batch": ({ secret }) =>
      send(url, "POST", "/v1/verify/batch", { json: { items: [{ token: verifier }, { token: secret }] } }),
    introspected: ({ secret }) => send(url, "POST", "/oauth/introspect", { form: { token: secret } }),
    authorized: ({ secret }) =>
      send(url, "GET", "/v1/authorize?all=viewer", { token: secret, headers: { "postern-verifier": verifier } }),
    caller: ({ secret }) => send(url, "GET", "/v1/self", { token: secret }),
    "caller by Basic": (credential) => send(url, "GET", "/v1/self", { headers: basic(credential) }),
    "logged in by a form": ({ id, secret }) =>
      send(url, "POST", "/oauth/token", { token: null, form: { ...logIn, client_id: `client_${id}`, client_secret: secret } }),
    "logged in by Basic": (credential) => send(url, "POST", "/oauth/token", { headers: basic(credential), form: logIn }),
    "found by token": ({ secret }) => send(url, "GET", `/v1.0/credentials/bearer/${secret}`, { token: admin }),
    "in a body that is refused": ({ secret }) => verify({ json: { tokens: secret, token: [secret] } }),
    "in a body that is not JSON": ({ secret }) => verify({ text: `{"token":"${secret}",}` }),
  };
  const statuses = { created: 201, "in a body that is refused": 422, "in a body that is not JSON": 400 };
  for (const [name, way] of Object.entries(ways)) {
    const credential = await made(elsewhere);
    const { status, json } = await way(credential);
    assert.equal(status, statuses[name] ?? 200, `${name}: ${JSON.stringify(json)}`);
    const secrets = [credential.secret, json.secret, json.access_token].filter((text) => typeof text === "string");
    // Also pieces of the 256 random bits.
    const parts = secrets.flatMap((secret) => secret.split("_").at(-2).match(/.{16}/g));
    const { found } = await memoryOf(url, [...secrets, ...parts]);
    assert.ok(found.every((count) => count === 0), `${name}: ${found}`);
  }
  // The search finds what is there.
  const { found } = await memoryOf(url, [remembered]);
  assert.ok(found[0] > 0);
};

const passed = await run("tests/isolates.mjs", tests);
await server.dispose();
process.exit(passed ? 0 : 1);
