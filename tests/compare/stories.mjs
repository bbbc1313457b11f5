// Sequences of requests from the creation of a resource to its end, which single random requests would rarely produce.
// Each is a generator of requests that receives the old build's response to each: `{ok, status, json}`.
import { ROOT, present, request } from "./requests.mjs";
import { ROUTES, route } from "./routes.mjs";
import { BODIES_OF } from "./values.mjs";

/** A valid request without random headers. */
const ask = (r, world, face, verb, noun, options = {}) =>
  request(r, world, route(face, verb, noun), { plain: true, valid: true, method: route(face, verb, noun).method, caller: asRoot(face, options.tenant), ...options });
const asRoot = (face, tenant) => (face === "coactive" && tenant ? { ...ROOT, "x-postern-tenant": `‹id ${tenant.name}›` } : ROOT);
const bearer = (secret) => ({ authorization: `Bearer ‹text ${secret}›` });
const JSON_TYPE = { "content-type": "application/json" };
const MINUTE = 60_000;

/** A tenant's callers: one of each rank, and some that no longer authenticate. */
export function* cast(r, world, tenant) {
  for (const name of ["first", "second"]) yield ask(r, world, "own", "create", "principal", { tenant, body: { name, description: `${name} of the cast` } });
  const make = function* (rank, body) {
    const asked = ask(r, world, "own", "create", "credential", { tenant, body: { name: `a ${rank}`, ...body } });
    yield asked;
    const credential = tenant.credentials.find(({ name }) => name === asked.made);
    if (credential) credential.rank = rank;
    return credential;
  };
  for (const rank of ["admin", "editor", "viewer"]) for (let count = 0; count < 2; count++) yield* make(rank, { roles: [{ role_id: rank }] });
  yield* make("admin", { roles: null });
  yield* make("none", { roles: [{ role_id: "admin", resource: "dataset", resource_instance: "a" }] });
  yield* make("any", { roles: null, expires_at: "2001-02-03T04:05:06Z" });
  yield* make("any", { roles: null, enabled: false });
  const revoked = yield* make("any", { roles: null });
  if (revoked) yield ask(r, world, "own", "revoke", "credential", { tenant, credential: revoked, body: { reason: "of the cast" } });
}

/** A tenant with its initial switches and with callers, whatever was changed before. */
export function* restored(r, world, tenant = world.tenant(r)) {
  const switches = { enabled: true, rbac: true, require_if_match: false, role_names: ["admin", "auditor", "editor", "viewer"] };
  yield ask(r, world, "own", "replace", "tenant", { tenant, body: { name: "restored", ...switches }, headers: { "if-match": "*" } });
  if (!tenant.gone && ["admin", "editor", "viewer", "none"].some((rank) => !tenant.credentials.some((one) => one.rank === rank && !one.gone))) {
    yield* cast(r, world, tenant);
  }
}

/** One valid request to each route by root, on new resources; one without a caller; one with a method that the path lacks. */
export function* everyRoute(r, world) {
  yield* restored(r, world, world.zero);
  for (const one of ROUTES) {
    const of = yield* needed(r, world, one);
    const options = { plain: true, valid: true, method: one.method, ...of };
    if (one.verb === "log in") yield* logIn(r, world, of.tenant, of.credential, one);
    else {
      const caller = one.verb === "metadata" ? {} : asRoot(one.face, of.tenant);
      // A valid body may name something that was deleted since.
      for (let tries = 0; tries < 5 && !(yield request(r, world, one, { ...options, caller })).ok; tries++);
    }
    yield request(r, world, one, { ...options, caller: {}, body: null });
    yield { ...request(r, world, one, { ...options, body: null }), method: r.pick(["PATCH", "TRACE", "OPTIONS"]), after: undefined, learn: undefined };
  }
  for (const path of ["/", "/v1", "/v1/x", "/api/v1/x", "/v1.0/x", "/v2.0/tenants", "/organizations/", "/oauth/x", "/.well-known/x", "//v1/tenants", "/V1/tenants"]) {
    yield { method: r.pick(["GET", "POST"]), path, headers: r.pick([ROOT, {}]) };
  }
  for (const path of ["/v1.0/tenants", "/v2.0/x", "/v1.0/tenants/x/credentials/y"]) yield { method: "OPTIONS", path, headers: { origin: "https://a.example" } };
}

/** Creates the resources of a request to a route. */
function* needed(r, world, { path, verb, noun }) {
  const tenant = world.zero;
  if (noun === "tenant" && !["create", "list", "page", "read", "roles", "history"].includes(verb)) {
    const maker = ask(r, world, "own", "create", "tenant", { body: { name: "spare" } });
    yield maker;
    return { tenant: world.tenants.find(({ name }) => name === maker.made) ?? tenant };
  }
  if (noun === "principal" && (path.includes("s/{}", path.indexOf("{}") + 2) || verb === "delete all")) {
    const maker = ask(r, world, "own", "create", "principal", { tenant, body: { name: "spare" } });
    yield maker;
    return { tenant, principal: { name: maker.made } };
  }
  const credential = yield* made(r, world, tenant, "own", { body: { name: "spare", roles: null } });
  const before = { finish: ["rotate", { grace_seconds: 3600 }], cancel: ["rotate", { grace_seconds: 3600 }], restore: ["revoke", {}] }[verb];
  if (before) yield ask(r, world, "own", before[0], "credential", { tenant, credential, body: before[1] });
  return { tenant, credential, principal: { name: "p0" }, subject: credential?.secrets[0] };
}

function* made(r, world, tenant, face = r.pick(["own", "own", "coactive", "keycard", "litegraph"]), options = {}) {
  const asked = ask(r, world, face, "create", "credential", { tenant, ...options });
  yield asked;
  return tenant.credentials.find(({ name }) => name === asked.made);
}

function* lifecycle(r, world) {
  const tenant = world.tenant(r);
  const credential = yield* made(r, world, tenant);
  if (!credential) return;
  const on = (verb, options = {}) => ask(r, world, "own", verb, "credential", { tenant, credential, ...options });
  const asks = function* () {
    for (const subject of [...credential.secrets, ...credential.access]) {
      yield ask(r, world, "own", "verify", "secret", { tenant, subject });
      if (r.chance(0.4)) yield ask(r, world, "oauth", "introspect", "secret", { tenant, subject });
    }
    if (credential.secrets.length) yield on("read", { caller: present(r, credential, r.pick(credential.secrets)) });
    yield on("read");
  };
  yield on("read");
  yield* logIn(r, world, tenant, credential);
  const acts = {
    rotate: 5, finish: 3, cancel: 3, revoke: 2, restore: 3, replace: 3, merge: 4, history: 2, token: 2, wait: 1, coactive: 1, keycard: 1, litegraph: 1,
  };
  for (let count = 4 + r.below(8); count > 0; count--) {
    const act = r.weighed(acts);
    if (act === "rotate") {
      yield on("rotate", { body: { grace_seconds: r.pick([0, 60, 3600, 86_400]) } });
      if (r.chance(0.6)) yield on(r.pick(["finish", "cancel", "rotate"]));
    }
    if (act === "replace") yield { ...on("replace", { body: null, headers: JSON_TYPE }), body: [{ shown: credential.name, set: { name: `edited ${r.below(99)}` } }] };
    else if (act === "token") yield ask(r, world, "litegraph", "replace", "credential", { tenant, credential });
    else if (act === "coactive") yield ask(r, world, "coactive", "replace", "credential", { tenant, credential });
    else if (act === "litegraph") yield ask(r, world, "litegraph", "read", "credential", { tenant, credential });
    else if (act === "keycard") {
      const principal = { name: credential.principal ?? "p0" };
      yield ask(r, world, "keycard", r.pick(["merge", "read"]), "credential", { tenant, credential, principal });
    } else if (act === "wait") yield { ...on("read"), wait: r.pick([59_000, 61_000, 3_601_000]) };
    else if (act !== "rotate") yield on(act);
    if (r.chance(0.6)) yield* asks();
  }
  yield on("history");
  if (r.chance(0.6)) {
    const face = r.pick(["own", "coactive", "litegraph"]);
    yield ask(r, world, face, "delete", "credential", { tenant, credential });
    yield* asks();
    yield ask(r, world, face, "delete", "credential", { tenant, credential });
    yield on("history");
    yield ask(r, world, "own", "history", "tenant", { tenant });
  }
}

function* logIn(r, world, tenant, credential, one = r.pick(ROUTES.filter(({ verb }) => verb === "log in"))) {
  if (!credential.secrets.length) return;
  const secret = r.pick(credential.secrets);
  const caller = { authorization: `Basic ‹basic ${credential.name} ${secret}›` };
  const body = one.face === "oauth" ? ["grant_type=client_credentials"] : undefined;
  yield { ...request(r, world, one, { plain: true, valid: true, tenant, caller, body: null, headers: body && { "content-type": "application/x-www-form-urlencoded" } }), body };
}

function* editing(r, world) {
  const tenant = world.tenant(r);
  const credential = world.credential(r, tenant);
  if (!credential) return;
  const on = (verb, options = {}) => ask(r, world, "own", verb, "credential", { tenant, credential, ...options });
  const { ok } = yield on("read");
  if (!ok) return;
  const whole = (set) => [{ shown: credential.name, set, without: [] }];
  const tag = { "if-match": `‹text tag:${credential.name}›` };
  const put = (set, headers) => ({ ...on("replace", { body: null, headers: { ...JSON_TYPE, ...headers } }), body: whole(set) });
  yield put({}, tag);
  yield put({ name: `edited ${r.below(1000)}` }, tag);
  yield put({ name: `edited ${r.below(1000)}` }, tag);
  yield put({ description: r.pick([null, "", "d"]) }, { "if-match": `‹text oldtag:${credential.name}›` });
  yield put({ [r.pick(["revision", "created_at", "id", "secrets", "tenant", "revoked_at"])]: r.pick([1, null, "x", "2020-01-01T00:00:00Z"]) });
  yield { ...on("read", { headers: { "if-none-match": `‹text tag:${credential.name}›` } }) };
  yield { ...on("read", { headers: { "if-none-match": `‹text oldtag:${credential.name}›` } }) };
  yield ask(r, world, "own", "merge", "credential", { tenant, credential, query: "dry_run=true" });
  yield { ...put({ name: "only tried" }), path: `${put({}).path}?dry_run=true` };
}

/** Invalid bodies, by callers with the right. */
function* violations(r, world) {
  const tenant = world.tenant(r);
  if (tenant.gone) return;
  const ruled = ROUTES.filter(({ face, verb, noun }) => BODIES_OF[face]?.[`${verb} ${noun}`]);
  const own = ruled.filter(({ face }) => face === "own");
  for (let count = 4 + r.below(6); count > 0; count--) {
    const one = r.pick(r.chance(0.5) ? own : ruled);
    const credential = world.credential(r, tenant, ({ rank }) => rank === "any");
    const principal = one.face === "keycard" && one.noun === "credential" ? { name: credential?.principal ?? "p0" } : world.principal(r, tenant);
    const scene = { tenant, credential, principal, method: one.method, query: r.chance(0.1) && one.noun === "credential" ? "dry_run=true" : "" };
    const holder = r.chance(0.3) ? world.holder(r, tenant, r.pick(["admin", "editor"])) : undefined;
    yield request(r, world, one, { plain: true, valid: true, invalid: true, caller: holder ? present(r, holder) : asRoot(one.face, tenant), ...scene });
  }
  for (let count = r.below(6); count > 0; count--) {
    const one = r.pick([route("own", "rotate", "credential"), route("own", "revoke", "credential"), route("own", "verify", "secret")]);
    const scene = { tenant, credential: world.credential(r, tenant), method: one.method, caller: ROOT };
    yield request(r, world, one, { plain: true, valid: one.verb !== "verify", invalid: true, ...scene });
  }
}

function* idempotent(r, world) {
  const tenant = world.tenant(r);
  const noun = r.pick(["credential", "credential", "principal", "tenant"]);
  const key = `story-${world.next("k")}`;
  const first = ask(r, world, "own", "create", noun, { tenant, headers: { "idempotency-key": key } });
  yield first;
  yield { ...first, after: undefined };
  const others = r.chance(0.5) ? world.holder(r, tenant, "admin") : undefined;
  if (others) yield { ...first, headers: { ...first.headers, ...present(r, others) }, after: undefined, learn: undefined };
  yield { ...ask(r, world, "own", "create", noun, { tenant, headers: { "idempotency-key": key } }), after: undefined, learn: undefined };
  yield { ...first, after: undefined, wait: r.pick([MINUTE, 86_401_000]) };
}

function* pages(r, world) {
  const one = r.pick(ROUTES.filter(({ verb }) => verb === "page" || verb === "history"));
  const tenant = world.tenant(r);
  const credential = world.credential(r, tenant);
  const principal = r.chance(0.5) ? { name: "p0" } : world.principal(r, tenant);
  const limit = 1 + r.below(5);
  const sort = one.noun === "credential" ? r.pick(["created", "-created", "name", "-name"]) : r.pick(["created", "-created"]);
  const order = r.pick(["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending"]);
  const base = { own: one.verb === "page" ? `limit=${limit}&sort=${sort}` : `limit=${limit}`, keycard: `limit=${limit}`, litegraph: `max-keys=${limit}&order=${order}` }[one.face];
  const [word, form] = { own: ["cursor", "url"], keycard: [r.chance(0.8) ? "after" : "before", "url"], litegraph: ["token", "text"] }[one.face];
  let query = base;
  for (let count = 0; count < 6; count++) {
    const post = one.method === "POST";
    const body = post ? { MaxResults: limit, Ordering: order, ...(count && { ContinuationToken: query }) } : undefined;
    const asked = request(r, world, one, { plain: true, valid: true, method: one.method, caller: asRoot(one.face, tenant), tenant, credential, principal, body, query: post ? "" : query });
    const before = world.cursors.at(-1);
    yield asked;
    const cursor = world.cursors.at(-1);
    if (!cursor || cursor === before) return;
    query = post ? `‹text ${cursor.name}›` : `${base}&${word}=‹${form} ${cursor.name}›`;
  }
}

function* tenants(r, world) {
  const face = r.pick(["own", "own", "keycard", "litegraph"]);
  const asked = ask(r, world, face, "create", "tenant");
  yield asked;
  const tenant = world.tenants.find(({ name }) => name === asked.made);
  if (!tenant) return;
  yield* cast(r, world, tenant);
  const on = (face, verb, noun, options = {}) => ask(r, world, face, verb, noun, { tenant, ...options });
  const principal = tenant.principals[1];
  const credential = yield* made(r, world, tenant, "own", { body: { name: "of a principal", roles: null, principal: `‹id ${principal?.name}›` } });
  const all = { name: "switched", enabled: true, rbac: true, require_if_match: false, role_names: ["admin", "auditor", "editor", "viewer"] };
  const uses = function* () {
    for (const one of [credential, world.holder(r, tenant, "admin")]) if (one?.secrets.length) yield on("own", "read", "credential", { credential: one, caller: bearer(one.secrets[0]) });
    if (credential) yield on("own", "merge", "credential", { credential, body: { name: `used ${r.below(99)}` } });
  };
  if (principal) {
    yield on("own", "merge", "principal", { principal, body: { enabled: false } });
    yield* uses();
    yield on("own", "merge", "principal", { principal, body: { enabled: true } });
  }
  for (const set of [{ require_if_match: true }, { enabled: false }, { rbac: false }, { role_names: ["auditor"] }]) {
    if (r.chance(0.3)) continue;
    yield on("own", "replace", "tenant", { body: { ...all, ...set } });
    yield* uses();
    if (credential) yield on("own", "merge", "credential", { credential, body: { roles: [{ role_id: "auditor" }, { role_id: "viewer", resource: `r${r.below(9)}` }] } });
    if (credential) yield on("own", "merge", "credential", { credential, body: { name: "tagged" }, headers: { "if-match": `‹text tag:${credential.name}›` } });
    if (r.chance(0.5)) yield on("litegraph", "replace", "tenant", {});
  }
  yield on("own", "read", "tenant");
  yield on("own", "replace", "tenant", { body: all, headers: { "if-match": "*" } });
  // Some are kept for the random requests.
  if (r.chance(0.35) || world.tenants.filter(({ gone }) => !gone).length < 4) return;
  yield on("own", "history", "tenant", { query: "limit=100" });
  yield on("litegraph", "delete all", "principal", { principal: principal ?? { name: "p0" } });
  if (r.chance(0.4)) yield on("litegraph", "delete all", "tenant");
  if (principal) yield on(r.pick(["own", "keycard", "litegraph"]), "delete", "principal", { principal });
  yield on("own", "delete", "tenant", { query: "" });
  yield r.chance(0.5) ? on("own", "delete", "tenant", { query: "force=true" }) : on("litegraph", "delete", "tenant", { query: "force" });
  yield* uses();
  yield on("own", "history", "tenant");
}

function* expiry(r, world) {
  const tenant = world.tenant(r);
  const body = { name: "ends soon", roles: null, expires_at: world.timeIn(2 * MINUTE) };
  const credential = yield* made(r, world, tenant, "own", { body });
  if (!credential) return;
  const [secret] = credential.secrets;
  yield ask(r, world, "own", "verify", "secret", { tenant, subject: secret });
  // What the credential creates expires with it.
  yield ask(r, world, "own", "create", "credential", { tenant, caller: bearer(secret), body: { name: "made by it", roles: null } });
  yield ask(r, world, "own", "merge", "credential", { tenant, credential, caller: bearer(secret), body: { expires_at: null } });
  yield ask(r, world, "own", "rotate", "credential", { tenant, credential, body: { grace_seconds: 60 } });
  yield* logIn(r, world, tenant, credential);
  yield { ...ask(r, world, "own", "verify", "secret", { tenant, subject: secret }), wait: MINUTE + 1000 };
  yield { ...ask(r, world, "own", "read", "credential", { tenant, credential, caller: present(r, credential) }), wait: MINUTE };
  yield ask(r, world, "own", "page", "credential", { tenant, query: `expires_before=${world.timeIn(0)}` });
}

const STORIES = { lifecycle: 30, editing: 20, idempotent: 8, pages: 20, tenants: 5, expiry: 5, restored: 12, violations: 30 };
const BY_NAME = { lifecycle, editing, idempotent, pages, tenants, expiry, restored, violations };

/** A random sequence. */
export const story = (r, world) => BY_NAME[r.weighed(STORIES)](r, world);
