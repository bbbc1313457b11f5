// What an upgrade and the way back must keep, of any two packages: data of every face, and requests that are sent throughout.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

/** After a request of the load that was refused, in ms, as a client waits. */
const REFUSED = 25;

/** Sends a request. The token may come with its scheme. */
async function send(url, method, path, token, body, headers = {}) {
  const json = body !== undefined && { "content-type": "application/json" };
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: token.includes(" ") ? token : `Bearer ${token}`, ...json, ...headers },
    body: json ? JSON.stringify(body) : undefined,
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  return { status: answer.status, etag: answer.headers.get("etag"), body: text === "" ? undefined : parsed(text) };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What differs between the answers to equal requests: the time, the last use, a new access token; and what 0.1.0 shows first. */
const VOLATILE = /^(checked_at|age_seconds|source|last_used_at|access_token|keys|trusts)$/;
const stable = (value) => JSON.parse(JSON.stringify(value, (key, member) => (VOLATILE.test(key) ? undefined : member)));

/** Returns an id as LiteGraph spells it. */
function guid(id) {
  const bits = [...id].reduce((sum, letter) => (sum << 5n) | BigInt("0123456789abcdefghjkmnpqrstvwxyz".indexOf(letter)), 0n);
  return bits.toString(16).padStart(32, "0").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Creates a tenant with principals and credentials of every face, in every state, with access tokens. Returns questions, each with
 * the answer that it has now.
 */
export async function populate({ url, root }, name) {
  const must = async (...request) => {
    const answer = await send(url, ...request);
    assert.ok(answer.status < 300, `${request.slice(0, 2).join(" ")}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const tenant = await must("POST", "/v1/tenants", root, { name, role_names: ["viewer", "deployer"] });
  const own = `/v1/tenants/${tenant.id}`;
  const questions = [];
  const ask = (...request) => questions.push({ request });
  const verify = (token, needs) => ask("POST", "/v1/verify", root, { token, ...(needs && { needs }) });
  const create = async (body, headers) => {
    const made = await must("POST", `${own}/credentials`, root, { roles: [{ role_id: "viewer" }], ...body }, headers);
    verify(made.secret, { all: [{ role_id: "viewer" }] });
    for (const path of ["", "/events"]) ask("GET", `${own}/credentials/${made.id}${path}`, root);
    return made;
  };

  // Our own face: every access, every state, a principal.
  const principal = await must("POST", `${own}/principals`, root, { name: "Build", description: "of everything" });
  for (const path of ["", "/events"]) ask("GET", `${own}/principals/${principal.id}${path}`, root);
  const admin = await create({ name: "admin", access: "admin", roles: null });
  for (const access of ["none", "verify", "verify_all", "read", "edit"]) {
    const { secret } = await create({ name: access, access, ...(access !== "verify_all" && { principal: principal.id }) });
    ask("GET", `/v1/self`, secret);
    ask("GET", `${own}/credentials?limit=1`, secret);
  }
  await create({ name: "expiring", expires_at: "2199-01-01T00:00:00Z", metadata: { team: "build" }, description: "until 2199" });
  const change = async (member, path, body, method = "POST") => {
    const made = await create({ name: member });
    const answer = await must(method, `${own}/credentials/${made.id}${path}`, admin.secret, body);
    if (answer.secret) verify(answer.secret);
  };
  await change("disabled", "", { enabled: false }, "PATCH");
  await change("revoked", "/revoke", { reason: "leaked" });
  await change("rotating", "/rotate", { grace_seconds: 86_400 });
  await change("rotated", "/rotate", { grace_seconds: 0 });
  const absent = await must("POST", `${own}/principals`, root, { name: "Absent" });
  await create({ name: "of a disabled principal", principal: absent.id });
  await must("PATCH", `${own}/principals/${absent.id}`, root, { enabled: false });
  const end = new Date(Date.now() + 500);
  await create({ name: "expired", expires_at: end.toISOString() });
  const idempotent = { "idempotency-key": `key-of-${name}` };
  await create({ name: "replayed" }, idempotent);
  ask("POST", `${own}/credentials`, root, { roles: [{ role_id: "viewer" }], name: "replayed" }, idempotent);

  // The vendors' faces.
  const named = { "x-postern-tenant": tenant.label };
  const clients = "/api/v1/auth-management/clients";
  const client = await must("POST", clients, root, { name: "Coactive", roles: [{ role_id: "viewer" }] }, named);
  ask("GET", `${clients}/${client.client_id}`, root, undefined, named);
  const pair = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`;
  ask("POST", "/api/v1/login", pair);
  verify(client.client_secret);
  const lite = `/v1.0/tenants/${guid(tenant.id)}`;
  for (const chosen of [{}, { BearerToken: `chosen-${randomBytes(24).toString("hex")}` }]) {
    const made = await must("PUT", `${lite}/credentials`, root, { UserGUID: guid("0".repeat(26)), Name: "LiteGraph", ...chosen });
    // It shows the token again.
    assert.ok(made.BearerToken);
    ask("GET", `${lite}/credentials/${made.GUID}`, root);
    verify(made.BearerToken);
  }
  const accounts = `/organizations/${tenant.label}/service-accounts`;
  const account = await must("POST", accounts, root, { name: "Keycard" });
  const keycard = await must("POST", `${accounts}/${account.id}/credentials`, root, { name: "Keycard", description: "of an account" });
  ask("GET", `${accounts}/${account.id}`, root);
  ask("GET", `${accounts}/${account.id}/credentials/${keycard.id}`, root);
  verify(keycard.client_secret);
  // Access tokens, which no row has.
  const { access_token } = await must("POST", "/api/v1/login", pair);
  verify(access_token);

  // Lists and the whole history.
  for (const path of ["", "/principals", "/credentials?limit=100", "/events?limit=100"]) ask("GET", `${own}${path}`, root);
  ask("GET", clients, root, undefined, named);
  ask("GET", `${lite}/credentials`, root);
  await wait(Math.max(0, end.getTime() - Date.now() + 500));
  for (const question of questions) {
    question.answer = stable(await send(url, ...question.request));
    // 403: some of the callers may not list credentials.
    assert.ok([200, 201, 403].includes(question.answer.status), JSON.stringify([question.request, question.answer]));
  }
  return { name, questions };
}

/** Checks that every question has the answer that it had, or that part of it. Returns how many there are. */
export async function unchanged({ url }, { questions }, part = (answer) => answer) {
  for (const { request, answer } of questions)
    assert.deepEqual(part(stable(await send(url, ...request))), part(answer), request.slice(0, 2).join(" "));
  return questions.length;
}

/**
 * Sends requests, one after the other with a pause in ms, until `stop`: verifications, reads, and changes whose effects are counted.
 * `service.restarts` are the times from which until which the service was not there.
 */
export async function startLoad(service, pause = 5) {
  const { url, root } = service;
  const { body: tenant } = await send(url, "POST", "/v1/tenants", root, { name: "Load" });
  const path = `/v1/tenants/${tenant.id}/credentials`;
  const { body: admin } = await send(url, "POST", path, root, { name: "admin", roles: [], access: "admin" });
  const { body: subject } = await send(url, "POST", path, admin.secret, { name: "change 0", roles: [] });
  const one = `${path}/${subject.id}`;
  const sent = [];
  /** The names of changes that were acknowledged, and of those that were not. */
  const [made, tried] = [new Set(), new Set()];
  let stopping = false;
  const kinds = [
    async () => {
      const { status, body } = await send(url, "POST", "/v1/verify", admin.secret, { token: subject.secret });
      return { status: status === 200 && body.active !== true ? "the valid token was refused" : status };
    },
    () => send(url, "GET", one, admin.secret),
    async () => {
      const name = `change ${made.size + tried.size + 1}`;
      tried.add(name);
      const answer = await send(url, "PATCH", one, admin.secret, { name });
      if (answer.status === 200) tried.delete(name), made.add(name);
      return answer;
    },
  ];
  /** Returns the names that the history has. */
  async function events() {
    const found = [];
    for (let cursor = ""; cursor !== null; ) {
      const { body } = await send(url, "GET", `${one}/events?limit=100${cursor && `&cursor=${cursor}`}`, admin.secret);
      found.push(...body.items.filter(({ changes }) => changes.name?.before).map(({ changes }) => changes.name.after));
      cursor = body.next;
    }
    return found;
  }
  const running = (async () => {
    for (let at = 0; !stopping; at++) {
      const from = Date.now();
      const { status } = await kinds[at % kinds.length]().catch((error) => ({ status: error.cause?.code ?? error.name }));
      sent.push({ from, to: Date.now(), status });
      await wait(status === 200 ? pause : REFUSED);
    }
  })();
  return {
    end: () => (stopping = true),
    /** Stops, and checks that no request was refused but during a restart, and that every acknowledged change is there. */
    async stop() {
      stopping = true;
      await running;
      const refused = sent.filter(({ status }) => status !== 200);
      const isDuring = ({ from, to }) => service.restarts.some(([start, end]) => from <= end && to >= start);
      assert.deepEqual(refused.filter((one) => !isDuring(one)), []);
      const { body } = await send(url, "GET", one, admin.secret);
      // The history has each change that was acknowledged, and at most those that were tried, once each.
      const names = await events();
      assert.equal(names[0], body.name);
      assert.equal(new Set(names).size, names.length);
      for (const name of made) assert.ok(names.includes(name), name);
      for (const name of names) assert.ok(made.has(name) || tried.has(name), name);
      const restarts = service.restarts.filter(([start]) => start >= sent[0].from).map(([start, end]) => end - start);
      return { sent: sent.length, refused: refused.length, milliseconds_of_restarts: restarts };
    },
  };
}

/**
 * Upgrades a service to the next package, goes back, and upgrades it again, with data from each of these times and requests
 * throughout. `upgrade` and `back` of the service do that. Returns the figures.
 */
export async function rehearse(service) {
  const data = [await populate(service, "Before")];
  const load = await startLoad(service);
  let answers = 0;
  const all = async () => {
    for (const some of data) answers += await unchanged(service, some);
  };
  try {
    await all();
    await service.upgrade();
    await all();
    data.push(await populate(service, "Upgraded"));
    await service.back();
    await all();
    data.push(await populate(service, "Back"));
    await service.upgrade();
    await all();
  } catch (error) {
    await load.stop().catch(() => {});
    throw error;
  }
  return { ...(await load.stop()), answers };
}
