// Tests that the peer responds as Postern does, with the number of D1 trips of its variant. Both get the same resources, with the same
// ids and tokens, and then the same requests.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { build } from "esbuild";
import { Miniflare, compatibilityDate } from "../miniflare.mjs";
import { createSchema, digestOf, insertion, newId, seed, spellings } from "./seed.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

const KEY = "0123456789abcdef".repeat(4);
const ROOT = `root_${"x".repeat(40)}`;
const VARIANTS = { single: "peer.ts", batched: "peer_batched.ts" };
const PEERS = Object.keys(VARIANTS);
const HOUR = 3_600_000;

/** The Workers: Postern, each variant of the peer, each variant on the seed's data, and a Worker that runs SQL in their databases. */
let workerd;
/** Miniflare's access to the peers' databases, for the seed. A call takes 10 ms, so the tests use the Worker that runs SQL. */
let databases;

async function bundled(contents) {
  const options = { bundle: true, format: "esm", conditions: ["workerd", "worker", "browser"], write: false };
  const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: here } });
  return outputFiles[0].text;
}

const SQL = `export default {
  async fetch(request, env) {
    const asked = Object.entries(await request.json());
    const run = async ([name, statements]) => {
      const results = await env[name].batch(statements.map(([sql, ...values]) => env[name].prepare(sql).bind(...values)));
      return [name, results.map(({ results }) => results)];
    };
    return Response.json(Object.fromEntries(await Promise.all(asked.map(run))));
  },
}`;

/** Runs statements with their values in databases by name. Returns the rows of each statement, by the same names. */
async function sql(asked) {
  const answer = await workerd.dispatchFetch("http://sql/", { method: "POST", body: JSON.stringify(asked) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const inPostern = async (...statements) => (await sql({ postern: statements })).postern;
const inPeers = (...statements) => sql(Object.fromEntries(PEERS.map((variant) => [variant, statements])));

async function start() {
  if (!existsSync(`${root}build/index_bg.wasm`)) execFileSync(`${root}scripts/build`, { stdio: "inherit" });
  const worker = (name, options) => ({
    name,
    routes: [`${name}/*`],
    compatibilityDate,
    d1Databases: { DB: name },
    ...options,
  });
  const peer = async (variant) => ({
    modules: true,
    script: await bundled(`import worker from "./${VARIANTS[variant]}"; import { counted } from "./counted.mjs";
      export default counted(worker);`),
    bindings: { PEER_KEY: KEY },
  });
  const scripts = await Promise.all(PEERS.map(peer));
  workerd = new Miniflare({
    cf: false,
    workers: [
      worker("postern", {
        modules: [
          { type: "ESModule", path: `${root}build/index.js` },
          { type: "CompiledWasm", path: `${root}build/index_bg.wasm` },
        ],
        modulesRoot: root,
        bindings: { POSTERN_ROOT_TOKEN: ROOT, POSTERN_MASTER_KEY: KEY },
      }),
      ...PEERS.map((variant, index) => worker(variant, scripts[index])),
      ...PEERS.map((variant, index) => worker(`seeded-${variant}`, scripts[index])),
      worker("sql", { modules: true, script: SQL, d1Databases: ["postern", ...PEERS] }),
    ],
  });
  const names = [...PEERS, ...PEERS.map((variant) => `seeded-${variant}`)];
  const opened = names.map(async (name) => [name, await workerd.getD1Database("DB", name)]);
  databases = Object.fromEntries(await Promise.all(opened));
}

async function migrate() {
  for (const file of readdirSync(`${root}migrations`).sort()) {
    const text = readFileSync(`${root}migrations/${file}`, "utf8").replaceAll(/--.*$/gm, "");
    const statements = text.match(/\s*CREATE TRIGGER[^]*?^END;|[^;]+;/gm);
    await inPostern(...statements.map((statement) => [statement]));
  }
}

async function send(name, method, path, { token, body, headers } = {}) {
  const text = body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const answer = await workerd.dispatchFetch(`http://${name}${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(text !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    body: text,
  });
  const said = await answer.text();
  return { status: answer.status, headers: answer.headers, body: said && JSON.parse(said) };
}

async function must(method, path, body, token = ROOT) {
  const answer = await send("postern", method, path, { token, body });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// ---------------------------------------------------------------------------------------------------------------------
// The data: created with Postern's own API, and copied.

const TIMES = "created_at / 1000 AS created_at, updated_at / 1000 AS updated_at";
const COPIED = {
  tenants: `SELECT id, label, name, enabled, rbac, role_names, ${TIMES} FROM tenants WHERE id = ?1`,
  principals: `SELECT id, tenant AS tenant_id, name, description, enabled, ${TIMES} FROM principals WHERE id = ?1`,
  credentials: `SELECT id, tenant AS tenant_id, principal AS principal_id, name, description, enabled,
    iif(unrestricted, NULL, roles) AS roles, expires_at / 1000 AS expires_at, revoked_at / 1000 AS revoked_at, revision, ${TIMES} FROM credentials WHERE id = ?1`,
};

async function copy(table, id) {
  const [[row]] = await inPostern([COPIED[table], id]);
  return [insertion(table, row), JSON.stringify([row])];
}

async function copyCredential(tenant_id, id, token) {
  const secret = { id: newId(), tenant_id, credential_id: id, digest: digestOf(KEY, token), created_at: Date.now() };
  await inPeers(await copy("credentials", id), [insertion("secrets", secret), JSON.stringify([secret])]);
}

async function makeTenant(name, body = {}, principalBody = {}) {
  const tenant = await must("POST", "/v1/tenants", { name, rbac: true });
  const path = `/v1/tenants/${tenant.id}`;
  const principal = await must("POST", `${path}/principals`, { name });
  const admin = await must("POST", `${path}/credentials`, { name: "admin", principal: principal.id, roles: null, access: "admin" });
  const target = await must("POST", `${path}/credentials`, STORED(principal.id));
  if (Object.keys(principalBody).length > 0) await must("PATCH", `${path}/principals/${principal.id}`, principalBody);
  if (Object.keys(body).length > 0) await must("PATCH", path, body);
  await inPeers(await copy("tenants", tenant.id), await copy("principals", principal.id));
  await copyCredential(tenant.id, admin.id, admin.secret);
  await copyCredential(tenant.id, target.id, target.secret);
  return { tenant: tenant.id, label: tenant.label, principal: principal.id, token: admin.secret, id: target.id };
}

const STORED = (principal) => ({
  name: "stored",
  description: "about it",
  principal,
  roles: [{ role_id: "editor", resource: "dataset", resource_instance: "d1" }, { role_id: "viewer" }],
});

/** Creates a credential in the tenant of the benchmark, and changes it. */
async function make(body = {}, change) {
  const path = `/v1/tenants/${bench.tenant}/credentials`;
  const { id, secret } = await must("POST", path, { ...STORED(bench.principal), ...body });
  if (change) await change(`${path}/${id}`);
  await copyCredential(bench.tenant, id, secret);
  return { ...bench, id, secret };
}

let bench;
let other;
let plain;
/** Tokens of callers, by their fault. */
const tokens = {};

before(async () => {
  await start();
  await migrate();
  for (const variant of PEERS) await createSchema(databases[variant]);
  bench = await makeTenant("bench", { role_names: ["deployer"] });
  other = await makeTenant("other");
  plain = await makeTenant("plain", { rbac: false });
  const past = (path) => {
    const at = (Date.now() - HOUR) * 1000;
    const end = "UPDATE credentials SET state = json_set(state, '$.expires_at', CAST(?1 AS INTEGER)) WHERE id = ?2";
    return inPostern([end, at, path.split("/").at(-1)]);
  };
  const role = (role_id, access, resource) => ({ roles: [{ role_id, resource }], access });
  // In the peer, roles are the access, as in Coactive's contract.
  const full = { roles: null, access: "admin" };
  const callers = {
    viewer: [role("viewer", "read")],
    editor: [role("editor", "edit")],
    "admin of a dataset": [role("admin", "none", "dataset")],
    "full access": [full],
    disabled: [{ ...full, enabled: false }],
    expired: [full, past],
    revoked: [full, (path) => must("POST", `${path}/revoke`)],
    "not yet expired": [{ ...full, expires_at: new Date(Date.now() + HOUR).toISOString() }],
  };
  for (const [name, [body, change]] of Object.entries(callers)) tokens[name] = (await make(body, change)).secret;
  tokens["of a disabled principal"] = (await makeTenant("idle", {}, { enabled: false })).token;
  tokens["of a disabled tenant"] = (await makeTenant("closed", { enabled: false })).token;
  tokens["of another tenant"] = other.token;
  // The first request of each caller records its use, in a separate trip after the response.
  for (const variant of PEERS) {
    for (const token of [bench.token, plain.token]) await send(variant, "GET", FACES.coactive.path(bench), { token });
  }
});

after(() => workerd?.dispose());

// ---------------------------------------------------------------------------------------------------------------------
// Sends the same request to each Worker, and compares the results.

const FACES = {
  coactive: {
    methods: ["GET", "PUT"],
    path: ({ id }) => `/api/v1/auth-management/clients/${spellings(id).coactive}`,
    good: () => ({ name: "renamed", roles: [{ role_id: "admin" }] }),
  },
  litegraph: {
    methods: ["PUT"],
    path: ({ tenant, id }) => `/v1.0/tenants/${spellings(tenant).litegraph}/credentials/${spellings(id).litegraph}`,
    good: ({ principal }) => ({ UserGUID: spellings(principal).litegraph, Name: "renamed", Active: true }),
  },
  keycard: {
    methods: ["GET", "PATCH"],
    path: ({ tenant, principal, id }) => `/organizations/${tenant}/service-accounts/${principal}/credentials/${id}`,
    good: () => ({ name: "renamed", description: "described" }),
  },
};

/** Returns the compared parts of a response. Times of changes, and positions in parse errors, differ between servers. */
function compared({ status, headers, body }) {
  const masked = JSON.stringify(body)
    .replace(/"LastUpdateUtc":"[^"]+"/, '"LastUpdateUtc":"…"')
    .replace(/"last_used_at":"[^"]+"/, '"last_used_at":"…"')
    .replace(/ The error is at line \d+, column \d+\./, "");
  const [etag, type, challenge] = ["etag", "content-type", "www-authenticate"].map((name) => headers.get(name));
  return { status, etag, type, challenge, body: JSON.parse(masked) };
}

const LEFT_IN_POSTERN = [
  `SELECT revision, principal, name, description, enabled, iif(unrestricted, NULL, roles) AS roles
   FROM credentials WHERE id = ?1`,
  `SELECT changes, widened, by, request, revision FROM events
   WHERE id = ?1 AND by <> 'root' AND action = 'updated' ORDER BY seq`,
];
// Omits changes of tokens, for which Postern has separate events.
const LEFT_IN_PEER = [
  "SELECT revision, principal_id AS principal, name, description, enabled, roles FROM credentials WHERE id = ?1",
  `SELECT * FROM (SELECT json_remove(changes, '$.token') AS changes, widened, actor AS by, request_id AS request, revision
   FROM events WHERE credential_id = ?1 AND action = 'updated' ORDER BY id) WHERE changes <> '{}'`,
];

/** Converts the changes of the peer's event to Postern's form: full access as a separate key, roles as added and removed. */
function reported({ roles, ...changes }) {
  if (!roles) return changes;
  const [before, after] = [roles.before, roles.after].map((side) => side ?? []);
  const without = (left, right) => left.filter((role) => !right.some((other) => isDeepStrictEqual(role, other)));
  const unrestricted = { before: roles.before === null, after: roles.after === null };
  return {
    ...changes,
    roles: { added: without(after, before), removed: without(before, after) },
    ...(unrestricted.before !== unrestricted.after && { unrestricted }),
  };
}

/** Returns the result of updates in each database. */
async function stored(names, id) {
  const asked = (name) => (name === "postern" ? LEFT_IN_POSTERN : LEFT_IN_PEER).map((text) => [text, id]);
  const rows = await sql(Object.fromEntries(names.map((name) => [name, asked(name)])));
  return names.map((name) => {
    const [[row], events] = rows[name];
    const asPostern = name === "postern" ? (changes) => changes : reported;
    const converted = events.map((event) => ({ ...event, changes: asPostern(JSON.parse(event.changes)) }));
    return { ...row, roles: row && JSON.parse(row.roles), events: converted };
  });
}

let requests = 0;

async function same(method, face, place, { path = FACES[face].path(place), token = bench.token, headers, ...rest } = {}) {
  requests += 1;
  const options = { token, headers: { "x-request-id": `request-${requests}`, ...headers }, ...rest };
  const ask = async (name) => compared(await send(name, method, path, options));
  const [wanted, ...answers] = await Promise.all(["postern", ...PEERS].map(ask));
  const [left, ...leftByPeers] = await stored(["postern", ...PEERS], place.id);
  for (const [index, variant] of PEERS.entries()) {
    assert.deepEqual(answers[index], wanted, `${variant}: the answer`);
    assert.deepEqual(leftByPeers[index], left, `${variant}: what it left`);
  }
  return { ...wanted, left };
}

/** Tests a body on a new credential, or on one that it does not change: the `status`, and the number of changes. */
function updates(face, method, cases) {
  let unchanged;
  for (const [name, body, status, changes = 0] of cases) {
    test(`${face}: ${name}`, async () => {
      const place = await (changes > 0 ? make() : (unchanged ??= make()));
      const answer = await same(method, face, place, { body: typeof body === "function" ? body(place) : body });
      assert.deepEqual([answer.status, answer.left.events.length], [status, changes]);
      assert.equal(answer.etag !== null, status === 200);
    });
  }
}

const long = "x".repeat(256);
const admin = { role_id: "admin" };
const viewerOf = (resource, resource_instance) => ({ role_id: "viewer", resource, resource_instance });
const held = STORED("").roles;

describe("the same body", { concurrency: 8 }, () => {
  updates("coactive", "PUT", [
    ["the page's own example", { name: "My OAuth Client", roles: [admin] }, 200, 1],
    ["what is stored already changes nothing", { name: "stored", roles: held }, 200],
    ["roles in another order and twice are the same set", { name: "stored", roles: [...held.toReversed(), held[0]] }, 200],
    ["a name alone widens access by leaving roles out", { name: "renamed" }, 200, 1],
    ["an empty body too", {}, 200, 1],
    ["null for all", { name: null, roles: null, roles_context: null }, 200, 1],
    ["no roles by an empty list", { name: "stored", roles: [] }, 200, 1],
    ["a role more", { roles: [...held, { role_id: "deployer" }] }, 200, 1],
    ["a role less", { roles: [held[0]] }, 200, 1],
    ["null members of a role", { roles: [{ role_id: "viewer", resource: null, resource_instance: null }] }, 200, 1],
    ["unknown members are ignored", { client_id: 5, client_secret: "x", name: "a", roles: held, more: {} }, 200, 1],
    ["255 characters outside of the first plane", { name: "😀".repeat(255), roles: held }, 200, 1],
    ["the system's part alone", { roles: [admin], roles_context: "system" }, 200, 1],
    ["a dataset's part alone, emptied", { roles_context: "dataset:d1" }, 200, 1],
    ["another dataset's part", { roles: [viewerOf("dataset", "d2")], roles_context: "dataset:d2" }, 200, 1],
    ["a role outside of the context", { roles: [admin, viewerOf("dataset")], roles_context: "system" }, 422],
    ["no context of that name", { roles: [admin], roles_context: "dataset:" }, 422],
    ["an unknown role", { roles: [admin, { role_id: "owner" }] }, 422],
    ["a hundred and one roles", { roles: Array.from({ length: 101 }, (_, n) => viewerOf(`r${n}`)) }, 422],
    ["a name that is a number", { name: 5 }, 422],
    ["a name that is empty", { name: "" }, 422],
    ["a control character", { name: "a\u0085b" }, 422],
    ["roles that are no list", { roles: {} }, 422],
    [
      "all violations at once",
      {
        roles_context: "datasets",
        roles: [
          {}, { role_id: 5 }, null, { role_id: "owner" }, { role_id: "admin", resource_instance: "x" },
          { resource: "a\nb", role_id: "" }, { role_id: null, resource: long }, [],
          { role_id: "admin", resource: 5, resource_instance: "x" }, { role_id: "admin", resource_instance: 5 },
        ],
        name: long,
      },
      422,
    ],
    ["unknown roles beside a wrong name", { name: long, roles: [{ role_id: "owner" }, { role_id: "" }] }, 422],
    ["a list", [], 422],
    ["null", "null", 422],
    ["not JSON", "{'a': 1}", 422],
    ["nothing", "", 422],
    ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 422],
    ["more than 64 KiB", { name: "x".repeat(65_536) }, 413],
  ]);

  const user = ({ principal }) => spellings(principal).litegraph;
  const whole = (place) => ({ UserGUID: user(place), Name: "stored", Active: true });
  updates("litegraph", "PUT", [
    ["a name", (place) => ({ ...whole(place), Name: "Updated credential" }), 200, 1],
    ["what is stored already changes nothing", whole, 200],
    ["Active left out is true", (place) => ({ UserGUID: user(place), Name: "stored" }), 200],
    ["not active", (place) => ({ ...whole(place), Active: false }), 200, 1],
    ["BearerToken as null", (place) => ({ ...whole(place), BearerToken: null }), 200],
    ["BearerToken as nothing", (place) => ({ ...whole(place), BearerToken: "" }), 200],
    ["its own secret as BearerToken", (place) => ({ ...whole(place), BearerToken: place.secret }), 200],
    ["members that only read", (place) => ({ ...whole(place), GUID: "x", TenantGUID: "", CreatedUtc: 5, More: 1 }), 200],
    ["a GUID in another form", (place) => ({ ...whole(place), UserGUID: `{${user(place).toUpperCase()}}` }), 200],
    ["a GUID without hyphens", (place) => ({ ...whole(place), UserGUID: user(place).replaceAll("-", "") }), 200],
    ["a user that there is not", (place) => ({ ...whole(place), UserGUID: crypto.randomUUID().toUpperCase() }), 400],
    ["another tenant's user", (place) => ({ ...whole(place), UserGUID: spellings(other.principal).litegraph }), 400],
    ["an unknown user beside a missing name", () => ({ UserGUID: crypto.randomUUID() }), 400],
    ["an empty body", {}, 400],
    ["null for all", { UserGUID: null, Name: null, BearerToken: null, Active: null }, 400],
    ["all violations at once", { Active: "yes", BearerToken: "a b", Name: "", UserGUID: "x" }, 400],
    ["other violations at once", { Active: 1, BearerToken: "client_a:b", Name: "a\u0001b", UserGUID: "" }, 400],
    ["and others", { BearerToken: 5, Name: long, UserGUID: 5 }, 400],
    ["too long a token", (place) => ({ ...whole(place), BearerToken: "x".repeat(513) }), 400],
    ["the caller's own token is taken", (place) => ({ ...whole(place), BearerToken: bench.token }), 409],
    ["a list", [], 400],
    ["not JSON", "{", 400],
    ["not UTF-8", new Uint8Array([0xff]), 400],
    ["more than 64 KiB", { Name: "x".repeat(65_536) }, 413],
  ]);

  updates("keycard", "PATCH", [
    ["the page's own example", {}, 200],
    ["what is stored already changes nothing", { name: "stored", description: "about it" }, 200],
    ["both", { name: "name", description: "description" }, 200, 1],
    ["a name", { name: "name" }, 200, 1],
    ["a description", { description: "description" }, 200, 1],
    ["an empty description", { description: "" }, 200, 1],
    ["null clears a description", { description: null }, 200, 1],
    ["unknown members are ignored", { id: 5, roles: null, enabled: false }, 200],
    ["null is no name", { name: null }, 400],
    ["all violations at once", { description: "x".repeat(501), name: null }, 400],
    ["other violations at once", { description: "a\u0000b", name: "" }, 400],
    ["and others", { description: 5, name: long }, 400],
    ["a list", [], 400],
    ["not JSON", "{", 400],
    ["not UTF-8", new Uint8Array([0xff]), 400],
    ["more than 64 KiB", { name: "x".repeat(65_536) }, 413],
  ]);
});

describe("one after the other", () => {
  test("each face returns changes by other faces, and a later event has the value before", async () => {
    const place = await make();
    await same("PUT", "coactive", place, { body: { name: "first", roles: [admin] } });
    await same("PUT", "litegraph", place, { body: { ...FACES.litegraph.good(place), Active: false } });
    await same("PATCH", "keycard", place, { body: { description: null } });
    await same("PUT", "coactive", place, { body: {} });
    await same("PUT", "litegraph", place, { body: FACES.litegraph.good(place) });
    await same("GET", "coactive", place);
    const { left } = await same("GET", "keycard", place);
    // The fourth adds roles to a disabled credential, which can do nothing.
    assert.deepEqual(left.events.map(({ widened }) => widened), [1, 0, 0, 0, 1]);
    assert.equal(left.revision, 6);
  });

  test("a credential moves to another user", async () => {
    const place = await make();
    const { id } = await must("POST", `/v1/tenants/${bench.tenant}/principals`, { name: "second" });
    await inPeers(await copy("principals", id));
    const moved = { UserGUID: spellings(id).litegraph, Name: "stored" };
    assert.equal((await same("PUT", "litegraph", place, { body: moved })).left.principal, id);
    assert.equal((await same("GET", "keycard", place)).status, 404);
    assert.equal((await same("GET", "keycard", { ...place, principal: id })).status, 200);
  });

  test("a token that a client chose is revealed again, is kept, and authenticates", async () => {
    const place = await make({ roles: null, access: "admin" });
    const body = FACES.litegraph.good(place);
    const token = `own-${place.id}`;
    assert.equal((await same("PUT", "litegraph", place, { body: { ...body, BearerToken: token } })).body.BearerToken, token);
    assert.equal((await same("PUT", "litegraph", place, { body })).body.BearerToken, token);
    assert.equal((await same("PUT", "litegraph", place, { body: { ...body, BearerToken: token } })).left.revision, 2);
    await same("PUT", "litegraph", place, { body: { ...body, BearerToken: `${token}2` } });
    assert.equal((await same("GET", "coactive", place, { token })).status, 401);
    assert.equal((await same("GET", "coactive", place, { token: `${token}2` })).body.client_secret, "");
  });

  test("a revoked credential is rendered as inactive, and LiteGraph cannot restore it", async () => {
    const place = await make({}, (path) => must("POST", `${path}/revoke`));
    const body = FACES.litegraph.good(place);
    assert.equal((await same("PUT", "litegraph", place, { body })).status, 409);
    const { Active } = (await same("PUT", "litegraph", place, { body: { ...body, Active: false } })).body;
    assert.equal(Active, false);
    assert.equal((await same("PUT", "coactive", place, { body: {} })).status, 200);
  });

  test("roles are added only with RBAC, and kept without it", async () => {
    const options = { token: plain.token };
    assert.equal((await same("PUT", "coactive", plain, { ...options, body: { roles: [admin] } })).status, 403);
    assert.equal((await same("PUT", "coactive", plain, { ...options, body: { name: "a", roles: held } })).status, 200);
    assert.equal((await same("PUT", "coactive", plain, { ...options, body: {} })).status, 200);
  });

  test("a credential keeps a role that was removed from the tenant", async () => {
    const gone = { role_id: "deployer" };
    const place = await make({ roles: [gone] });
    const know = (...names) => {
      const update = (set) => [`UPDATE tenants SET ${set} WHERE id = ?2`, JSON.stringify(names), bench.tenant];
      const inState = update("state = json_set(state, '$.role_names', json(?1))");
      return Promise.all([inPostern(inState), inPeers(update("role_names = ?1"))]);
    };
    await know("admin", "editor", "viewer");
    assert.equal((await same("PUT", "coactive", place, { body: { roles: [gone] } })).status, 200);
    assert.equal((await same("PUT", "coactive", place, { body: { roles: [{ ...gone, resource: "x" }] } })).status, 422);
    await know("admin", "deployer", "editor", "viewer");
  });

  test("the last role cannot be removed within a context", async () => {
    const place = await make({ roles: [admin] });
    assert.equal((await same("PUT", "coactive", place, { body: { roles_context: "system" } })).status, 422);
  });
});

describe("each face, each of its methods", { concurrency: 8 }, () => {
  const each = (name, run) => {
    for (const [face, { methods, good }] of Object.entries(FACES)) {
      for (const method of methods) {
        const body = (place) => (method === "GET" ? {} : { body: good(place) });
        test(`${face} ${method}: ${name}`, () => run(face, method, body));
      }
    }
  };

  each("callers of every kind", async (face, method, body) => {
    const place = await make();
    for (const [name, token] of Object.entries(tokens)) {
      const said = method === "GET" ? {} : { body: { ...body(place).body, name, Name: name } };
      const { status } = await same(method, face, place, { token, ...said });
      const refused = ["disabled", "expired", "revoked", "of a disabled principal", "of a disabled tenant"].includes(name);
      if (refused) assert.equal(status, 401, name);
    }
  });

  each("nothing, garbage, a wrong token, another scheme, and either case of it", async (face, method, body) => {
    const place = await make();
    const wrong = `${bench.token.slice(0, -1)}~`;
    const garbage = ["", "Bearer", "Bearer ", "garbage", "Bearer a b", "Bearer ä"];
    for (const authorization of [...garbage, `Bearer ${wrong}`, "Bearer unknown", `Token ${bench.token}`]) {
      const { status } = await same(method, face, place, { token: "", headers: { authorization }, ...body(place) });
      assert.equal(status, 401, authorization);
    }
    assert.equal((await same(method, face, place, { token: "", ...body(place) })).status, 401);
    const headers = { authorization: `bEARER  ${bench.token}` };
    assert.equal((await same(method, face, place, { token: "", headers, ...body(place) })).status, 200);
  });

  each("what is missing, another tenant's, or no id", async (face, method, body) => {
    const place = await make();
    const { path } = FACES[face];
    const paths = [
      { ...place, id: newId() },
      { ...place, id: other.id },
      { ...place, tenant: other.tenant },
      { ...place, tenant: newId() },
      { ...place, principal: newId() },
      { ...place, principal: other.principal },
    ].map(path);
    paths.push(`${path(place)}x`, path(place).replace(/[^/]+$/, "%2F"));
    if (face === "keycard") paths.push(path({ ...place, tenant: bench.label }));
    if (face === "litegraph") paths.push(`${path(place)}/`, path(place).replace(/[^/]+$/, (guid) => guid.toUpperCase()));
    for (const path of paths) await same(method, face, place, { path, ...body(place) });
  });

  each("preconditions", async (face, method, body) => {
    const place = await make();
    const tag = `"${place.id}.1"`;
    const stale = `"${place.id}.7"`;
    const known = method === "GET" ? 304 : 412;
    for (const [header, value, status] of [
      ["if-match", stale, 412],
      ["if-match", place.id, 412],
      ["if-none-match", tag, known],
      ["if-none-match", "*", known],
      ["if-match", `${stale}, W/${tag}`, 200],
      ["if-match", "*", 200],
      ["if-none-match", stale, 200],
    ]) {
      const headers = { [header]: value };
      assert.equal((await same(method, face, place, { headers, ...body(place) })).status, status, `${header}: ${value}`);
    }
  });

  each("of several faults the first is returned", async (face, method, body) => {
    const place = await make();
    const bad = method === "GET" ? {} : { body: { name: 5, Name: 5, roles: 5 } };
    const json = method === "GET" ? {} : { body: "{" };
    const stale = { "if-match": '"x"' };
    const missing = { ...place, id: newId() };
    await same(method, face, missing, { token: "unknown", ...json });
    await same(method, face, missing, { token: "unknown", headers: stale, ...bad });
    await same(method, face, missing, { token: tokens["admin of a dataset"], headers: stale, ...bad });
    await same(method, face, missing, { headers: stale, ...bad });
    await same(method, face, place, { headers: stale, ...bad });
  });
});

test("a body of another type than JSON is refused, and one of a kind of JSON taken", async () => {
  for (const [face, method] of [["coactive", "PUT"], ["litegraph", "PUT"], ["keycard", "PATCH"]]) {
    const place = await make();
    const put = (type) => same(method, face, place, { headers: { "content-type": type }, body: FACES[face].good(place) });
    assert.equal((await put("text/plain")).status, 415);
    assert.equal((await put("Application/JSON; charset=utf-8")).status, 200);
    assert.equal((await put("application/merge-patch+json")).status, 200);
  }
});

test("x-token is LiteGraph's alone, and stands behind Authorization", async () => {
  const place = await make();
  const call = (headers) => same("PUT", "litegraph", place, { token: "", headers, body: FACES.litegraph.good(place) });
  assert.equal((await call({ "x-token": bench.token })).status, 200);
  assert.equal((await call({ "x-token": bench.token, authorization: "Bearer unknown" })).status, 401);
  assert.equal((await same("GET", "coactive", place, { token: "", headers: { "x-token": bench.token } })).status, 401);
});

test("Keycard tells what the caller may, where it is asked for, and when a credential was used", async () => {
  const place = await make({ roles: null, access: "admin" });
  for (const token of [bench.token, tokens.editor, tokens.viewer]) {
    for (const query of ["=permissions", "[]=permissions", "=total_count,permissions", "=total_count"]) {
      await same("GET", "keycard", place, { token, path: `${FACES.keycard.path(place)}?expand${query}` });
    }
  }
  await same("GET", "keycard", place, { token: place.secret });
  const { body } = await same("GET", "keycard", place);
  assert.ok(body.last_used_at);
});

test("X-Client-Request-ID is a UUID, and the event's request", async () => {
  const place = await make();
  const patch = (id, body) => same("PATCH", "keycard", place, { headers: { "x-client-request-id": id }, body });
  assert.equal((await patch("x", {})).status, 400);
  const id = crypto.randomUUID();
  assert.equal((await patch(id, { name: "renamed" })).left.events[0].request, id);
});

// ---------------------------------------------------------------------------------------------------------------------
// Tests of the peer without Postern.

for (const [variant, trips] of [["single", { read: 2, write: 4 }], ["batched", { read: 1, write: 2 }]]) {
  describe(`the ${variant} peer`, () => {
    const counted = async (...request) => Number((await send(variant, ...request)).headers.get("x-trips"));

    test("takes the number of trips of its variant", async () => {
      const place = await make();
      const { token } = bench;
      for (const [face, { methods, path, good }] of Object.entries(FACES)) {
        const method = methods.at(-1);
        const body = { ...good(place), name: face, Name: face };
        assert.equal(await counted(method, path(place), { token, body }), trips.write, `${face}: a change`);
        assert.equal(await counted(method, path(place), { token, body }), trips.read, `${face}: no change`);
        assert.equal(await counted(method, path(place), { token, body: { name: 5 } }), trips.read, `${face}: violations`);
        assert.equal(await counted(method, path(place), { token, body: "{" }), 0, `${face}: not JSON`);
        assert.equal(await counted(method, path(place), { token: "ä", body }), 0, `${face}: garbage`);
        assert.equal(await counted(method, path(place), { token: "unknown", body }), 1, `${face}: an unknown caller`);
        if (!methods.includes("GET")) continue;
        assert.equal(await counted("GET", path(place), { token }), trips.read, `${face}: a read`);
      }
    });

    test("records the use of a credential once a minute", async () => {
      const { secret: token } = await make({ roles: null });
      const read = () => counted("GET", FACES.coactive.path(bench), { token });
      assert.deepEqual([await read(), await read()], [trips.read + 1, trips.read]);
    });

    test("under concurrent changes, events contain exactly the changes that succeeded", async () => {
      const place = await make();
      const { token } = bench;
      const put = (name) => send(variant, "PUT", FACES.coactive.path(place), { token, body: { name, roles: held } });
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => put(`n${n}`)));
      const of = (wanted) => answers.filter(({ status }) => status === wanted).length;
      const done = of(200);
      assert.equal(done + of(409), 20);
      const { revision, name, events } = (await stored([variant], place.id))[0];
      assert.ok(done > 0);
      assert.equal(revision, 1 + done);
      const revisions = events.map((event) => event.revision).sort((left, right) => left - right);
      assert.deepEqual(revisions, Array.from({ length: done }, (_, n) => n + 2));
      assert.equal(events.find((event) => event.revision === revision).changes.name.after, name);
    });

    test("serves the data of the seed", async () => {
      const name = `seeded-${variant}`;
      const { token, tenant, principal, ids } = await seed(databases[name], { key: KEY, credentials: 1_100 });
      assert.equal(ids.length, 1_000);
      const [id] = ids;
      const body = { UserGUID: principal.litegraph, Name: "seeded", name: "seeded" };
      for (const [method, path] of [
        ["GET", `/api/v1/auth-management/clients/${id.coactive}`],
        ["PUT", `/v1.0/tenants/${tenant.litegraph}/credentials/${id.litegraph}`],
        ["PATCH", `/organizations/${tenant.label}/service-accounts/${principal.keycard}/credentials/${id.keycard}`],
      ]) {
        assert.equal((await send(name, method, path, { token, ...(method !== "GET" && { body }) })).status, 200, path);
      }
      const count = (table) => databases[name].prepare(`SELECT count(*) AS rows FROM ${table}`).first("rows");
      assert.deepEqual(await Promise.all(["credentials", "secrets", "events"].map(count)), [1_101, 1_101, 1_102]);
    });
  });
}

test("schema.sql makes the tables that drizzle knows", async () => {
  const script = await bundled('export * from "./schema"; export { getTableConfig } from "drizzle-orm/sqlite-core";');
  const url = `data:text/javascript;base64,${Buffer.from(script).toString("base64")}`;
  const { getTableConfig, ...tables } = await import(url);
  const rows = async (text) => (await inPeers([text])).single[0];
  for (const table of Object.values(tables)) {
    const { name, columns, indexes, foreignKeys } = getTableConfig(table);
    const made = await rows(`PRAGMA table_info(${name})`);
    assert.deepEqual(
      made.map(({ name, type, notnull, pk }) => [name, type.toLowerCase(), notnull, pk]),
      columns.map((column) => [column.name, column.getSQLType(), Number(column.notNull), Number(column.primary)]),
    );
    const indexed = await rows(`PRAGMA index_list(${name})`);
    assert.deepEqual(
      indexed.filter(({ origin }) => origin === "c").map(({ name, unique }) => [name, unique]).sort(),
      indexes.map(({ config }) => [config.name, Number(config.unique)]).sort(),
    );
    assert.equal((await rows(`PRAGMA foreign_key_list(${name})`)).length, foreignKeys.length);
  }
});

test("it type-checks", () => {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "--noEmit", "-p", here], { encoding: "utf8" });
});
