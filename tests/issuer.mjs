// node tests/issuer.mjs: workloads log in at the built Worker by identity tokens of an issuer (docs/KEYLESS.md). The issuers are at a
// local https server (tests/issuer), and have faults. All Workers share one D1, as isolates do.
//
// The database's clock cannot be set, so that the rows of `issuers` are made older instead. Prints what cargo's tests print, so that
// scripts/test counts them.
import assert from "node:assert/strict";
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ALGORITHM_NAMES, FAULTS, LIES, VARIANTS, newKey, startIssuers } from "./issuer/server.mjs";
import { run } from "./run.mjs";

const { POSTERN_BUILD: build = "build" } = process.env;
const POSTERN = "https://postern.example";
const ROOT = `root_${randomBytes(24).toString("hex")}`;
/** In seconds: after which time keys are fetched again, and after which they are not used any more; the time between two fetches. */
const [REFRESH, UNUSABLE, BETWEEN] = [600, 3600, 60];
/** The issuers without known keys that are tried in a minute, and the issuers of a tenant. */
const [FETCHES_MAX, ISSUERS_MAX] = [60, 20];
/** The failed authentications of a credential in a minute, at the Worker that counts them. */
const FAILURES_MAX = 3;

const issuers = await startIssuers();

// ---------------------------------------------------------------------------------------------------------------------
// The Workers

// Miniflare reads the variable when the module is loaded.
const folder = mkdtempSync(join(tmpdir(), "postern-issuer."));
process.env.NODE_EXTRA_CA_CERTS = join(folder, "issuer.pem");
writeFileSync(process.env.NODE_EXTRA_CA_CERTS, issuers.certificate);
const { Log, LogLevel, Miniflare, compatibilityDate } = await import("../bench/miniflare.mjs");
const { migrate } = await import("../bench/sides.mjs");

const limit = (limit) => ({ namespace_id: "1", simple: { limit, period: 60 } });
const from = (path, file, type = "ESModule") => ({ type, path, contents: readFileSync(file) });
const modules = [from("index.js", `${build}/index.js`), from("index_bg.wasm", `${build}/index_bg.wasm`, "CompiledWasm")];
const WORKERS = {
  one: {},
  two: {},
  counting: { ratelimits: { FAILURES_BY_ADDRESS: limit(1000), FAILURES_BY_CREDENTIAL: limit(FAILURES_MAX) } },
  delayed: { modules: [from("front.js", "tests/faults/front.mjs"), ...modules] },
  atTheIssuer: { bindings: { POSTERN_ISSUER: issuers.origin } },
};
const bindings = {
  POSTERN_ROOT_TOKEN: ROOT,
  POSTERN_MASTER_KEY: randomBytes(32).toString("hex"),
  POSTERN_ISSUER: POSTERN,
  POSTERN_DEVELOPMENT_ISSUER: issuers.origin,
  POSTERN_SERVER_TIMING: "all",
};
const server = new Miniflare({
  host: "127.0.0.1",
  log: new Log(LogLevel.ERROR),
  cf: false,
  workers: Object.entries(WORKERS).map(([name, more]) => ({
    name,
    compatibilityDate,
    modules,
    d1Databases: { DB: "shared" },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    ...more,
    bindings: { ...bindings, ...more.bindings },
  })),
});
await server.ready;
const database = await server.getD1Database("DB", "one");
await migrate(database);
const urls = {};
for (const name of Object.keys(WORKERS)) urls[name] = (await server.unsafeGetDirectURL(name)).origin;

const any = (list) => list[Math.floor(Math.random() * list.length)];
const eitherIsolate = () => any([urls.one, urls.two]);

/** Sends a request. `faults` is what the database does, at the Worker that has such a database. */
async function send(url, method, path, { token, json, form, faults } = {}) {
  const headers = { connection: "close", ...(token && { authorization: `Bearer ${token}` }) };
  if (faults) headers["x-fault-for-tests"] = JSON.stringify(faults);
  if (json) headers["content-type"] = "application/json";
  const answer = await fetch(url + path, { method, headers, body: form ? new URLSearchParams(form) : json && JSON.stringify(json) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text && JSON.parse(text) };
}

/** Returns the trips to the database that a request took, and the rows that it read and wrote. */
const costOf = ({ headers }) =>
  headers.get("server-timing").match(/trips=(\d+) rows_read=(\d+) rows_written=(\d+)/).slice(1).map(Number);

/** Sends a request of root, which must succeed with this status. */
async function byRoot(status, method, path, json) {
  const answer = await send(urls.one, method, path, { token: ROOT, json });
  assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  return answer.json;
}

/** Makes what is known of an issuer's keys older, by so many seconds. */
async function age(issuer, seconds) {
  const change = "UPDATE issuers SET fetched_at = fetched_at - ?, tried_at = tried_at - ? WHERE issuer = ?";
  const { meta } = await database.prepare(change).bind(seconds * 1e6, seconds * 1e6, issuer.url).run();
  assert.equal(meta.changes, 1, issuer.url);
  issuer.due = { since: Date.now(), fetches: issuer.fetches };
}

/** Returns the largest number of fetches of an issuer since its keys were due: one for each minute that has begun. */
const fetchesMax = ({ due }) => 1 + Math.floor((Date.now() - due.since) / (BETWEEN * 1000));

/** Checks that the keys of an issuer were fetched once since they were due. A test longer than a minute may fetch once a minute. */
function wasFetchedOnce(issuer, name) {
  const fetches = issuer.fetches - issuer.due.fetches;
  assert.ok(fetches >= 1 && fetches <= fetchesMax(issuer), `${name}: ${fetches} fetches`);
}

/** Returns the row of an issuer. */
const rowOf = ({ url }) => database.prepare("SELECT * FROM issuers WHERE issuer = ?").bind(url).first();

/** Checks that the row of an issuer has exactly these keys. */
async function stores(issuer, expected) {
  const { keys } = await rowOf(issuer);
  const points = (list) => list.map(({ kid, x, y }) => [kid, x, y]);
  assert.deepEqual(points(JSON.parse(keys)), points(expected.map(({ jwk }) => jwk)));
}

/** Makes all fetches so far older than a minute, so that those of one test do not count in the next. */
const forgetFetches = () => database.prepare("UPDATE issuers SET tried_at = tried_at - ?").bind(BETWEEN * 1e6 + 1e6).run();

// ---------------------------------------------------------------------------------------------------------------------
// Jobs

const SUBJECT = "repo:acme/app:ref:refs/heads/main";
/** Claims of a job. */
const CLAIMS = { repository_id: 74, repository_owner: "acme", protected: true };

/** The claims of a job's token, valid for five minutes. */
function claims(more = {}) {
  const now = Math.floor(Date.now() / 1000);
  return { sub: SUBJECT, aud: POSTERN, iat: now, exp: now + 300, jti: randomUUID(), ...CLAIMS, ...more };
}

/** A credential that trusts issuers. */
class Job {
  static async new() {
    const tenant = await byRoot(201, "POST", "/v1/tenants", { name: "CI" });
    return Job.in(`/v1/tenants/${tenant.id}/credentials`);
  }

  static async in(credentials) {
    const { id } = await byRoot(201, "POST", credentials, { name: "deploy", roles: [{ role_id: "editor" }] });
    return Object.assign(new Job(), { id, client: `client_${id}`, credentials, path: `${credentials}/${id}` });
  }

  /** Another credential of the same tenant. */
  sibling() {
    return Job.in(this.credentials);
  }

  /** A job with one trust, which its member `trust` has. */
  static async trusting(issuer, members) {
    const job = await Job.new();
    job.trust = await job.add(issuer, members);
    return job;
  }

  add({ url }, members = {}) {
    return byRoot(201, "POST", `${this.path}/trusts`, { issuer: url, subject: SUBJECT, claims: CLAIMS, ...members });
  }

  remove({ id }) {
    return byRoot(204, "DELETE", `${this.path}/trusts/${id}`);
  }

  /** Exchanges a token for an access token. */
  exchange(token, { spelling = any(Object.keys(SPELLINGS)), url = eitherIsolate(), faults } = {}) {
    return send(url, "POST", "/oauth/token", { form: SPELLINGS[spelling].form(this.client, token), faults });
  }

  /** Logs in, and returns the response and the access token. */
  async logIn(token, options) {
    const { status, text, json } = await this.exchange(token, options);
    assert.equal(status, 200, text);
    assert.equal(json.token_type, "Bearer");
    return { ...json, token: json.access_token };
  }

  /** Checks that a token is refused, in either spelling, as each other one that is refused. */
  async isRefused(token, name) {
    for (const [spelling, { refused }] of Object.entries(SPELLINGS)) {
      const { status, json } = await this.exchange(token, { spelling });
      const told = `${spelling}: ${name}: ${JSON.stringify(json)}`;
      assert.deepEqual([status, json.error], refused, told);
      assert.equal(json.error_description, (descriptions[spelling] ??= json.error_description), told);
    }
  }

  /** Checks that the keys of the issuer are reported as unavailable, in one of the spellings. */
  async isUnavailable(token, options) {
    reportsNoKeys(await this.exchange(token, options));
  }

  /** Returns a function that exchanges a new token, signed by this key. A refusal is a 400. */
  exchangeSigned(issuer, key) {
    return async () => this.exchange(await issuer.token(claims(), { key }), { spelling: "assertion" });
  }
}

/** Checks that a response reports the keys of the issuer as unavailable. */
function reportsNoKeys({ status, headers, json }) {
  assert.deepEqual([status, json.error], [503, UNAVAILABLE], JSON.stringify(json));
  assert.equal(headers.get("retry-after"), "60");
  // The same error as that of an unavailable database, which is not what happened.
  assert.doesNotMatch(json.error_description, /database/);
}

/** The text of a refusal, by spelling. */
const descriptions = {};

const UNAVAILABLE = "temporarily_unavailable";
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SPELLINGS = {
  client_assertion: {
    refused: [401, "invalid_client"],
    form: (client_id, token) => ({
      grant_type: "client_credentials",
      client_id,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: token,
    }),
  },
  assertion: {
    refused: [400, "invalid_grant"],
    form: (client_id, token) => ({ grant_type: JWT_BEARER, client_id, assertion: token }),
  },
};

/** Returns who an access token is, or the status of the error. */
async function whoIs(token) {
  const { status, json } = await send(eitherIsolate(), "GET", "/v1/self", { token });
  return status === 200 ? json.id : status;
}

// ---------------------------------------------------------------------------------------------------------------------
// Tests

const tests = {};

for (const algorithm of ALGORITHM_NAMES) {
  tests[`a CI job logs in by ${algorithm} in both spellings, until its trust is removed`] = async () => {
    const issuer = await issuers.issuer(algorithm);
    const job = await Job.trusting(issuer);
    const { id, created_at, ...trust } = job.trust;
    assert.deepEqual(trust, {
      issuer: issuer.url,
      subject: SUBJECT,
      audience: POSTERN,
      claims: CLAIMS,
      jwks: null,
      once: false,
      token_seconds: null,
      expires_at: null,
      warnings: [],
    });
    const listed = await byRoot(200, "GET", `${job.path}/trusts`);
    assert.deepEqual([listed.items.map(({ id }) => id), listed.next], [[id], null]);

    const tokens = [];
    for (const spelling of Object.keys(SPELLINGS)) {
      const { token, expires_in } = await job.logIn(await issuer.token(claims()), { spelling });
      assert.ok(expires_in > 280 && expires_in <= 300, String(expires_in));
      assert.equal(await whoIs(token), job.id);
      tokens.push(token);
    }
    assert.deepEqual(issuer.received, { discovery: 1, keys: 1, moved: 0 });

    await job.remove(job.trust);
    for (const token of tokens) assert.equal(await whoIs(token), 401);
    await job.isRefused(await issuer.token(claims()), "removed");
    assert.equal(issuer.fetches, 1);
  };
}

tests["an exchange takes one trip, two with once, and two more for a fetch; its rows do not grow with what others store"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  const cost = async () => {
    const answer = await job.exchange(await issuer.token(claims()), { url: urls.one });
    assert.equal(answer.status, 200, answer.text);
    return costOf(answer);
  };
  assert.deepEqual(await cost(), [3, 8, 5]);
  assert.deepEqual(await cost(), [1, 5, 0]);
  for (let number = 1; number < 10; number += 1) {
    await job.add(issuer, { subject: `other ${number}` });
    await (await job.sibling()).add(issuer);
  }
  assert.deepEqual(await cost(), [1, 6, 0]);
  await job.remove(job.trust);
  await job.add(issuer, { once: true });
  assert.deepEqual(await cost(), [2, 13, 2]);
};

tests["the rows that an exchange reads are bounded at the largest numbers of keys, trusts, issuers and keys of an issuer"] = async () => {
  const keysOf = (count) => Promise.all(Array.from({ length: count }, () => newKey()));
  const more = await keysOf(49);
  const job = await Job.new();
  const keys = await keysOf(5);
  for (const { jwk } of keys) await byRoot(201, "POST", `${job.path}/keys`, { jwk });
  // 20 issuers of the tenant, ten of them of another credential, each with 50 keys.
  const sibling = await job.sibling();
  const all = [];
  for (let count = 0; count < ISSUERS_MAX; count++) {
    const issuer = await issuers.issuer();
    issuer.keys = [...more, ...issuer.keys];
    const by = count % 2 ? sibling : job;
    all.push({ issuer, by, trust: await by.add(issuer, { once: by === job && count >= 10 }) });
  }
  const own = all.filter(({ by }) => by === job);
  // The issuers of other tenants that are tried in a minute, and one more.
  const others = Array.from({ length: FETCHES_MAX }, (_, number) =>
    database.prepare("INSERT INTO issuers (issuer, tenant, tried_at) VALUES (?, ?, ?)").bind(`https://n${number}.example`, "0".repeat(26), Date.now() * 1000),
  );
  await database.batch(others);
  // And issuers with keys, which are not counted.
  const stored = Array.from({ length: 200 }, (_, number) =>
    database
      .prepare("INSERT INTO issuers (issuer, tenant, tried_at, fetched_at, keys) VALUES (?1, ?2, ?3, ?3, '[]')")
      .bind(`https://k${number}.example`, "0".repeat(26), (Date.now() - 30_000) * 1000),
  );
  await database.batch(stored);
  const { issuer: one } = own[0];
  /** Returns the largest costs of exchanges. */
  const largest = async (tokens, status = 200) => {
    const costs = [];
    for (const token of tokens) {
      const answer = await job.exchange(await token, { url: urls.one, spelling: "client_assertion" });
      assert.equal(answer.status, status, answer.text);
      costs.push(costOf(answer));
    }
    return [0, 1, 2].map((index) => Math.max(...costs.map((cost) => cost[index])));
  };
  const byTrust = (once) => own.filter(({ trust }) => trust.once === once).map(({ issuer }) => issuer.token(claims()));
  const byKey = (key, jti) => one.token(claims({ iss: job.client, sub: job.client, jti }), { key });
  const measured = {};
  for (const { issuer, by } of all) if (issuer !== one) assert.equal((await by.exchange(await issuer.token(claims()))).status, 200);
  measured["the first fetch"] = await largest([one.token(claims())]);
  measured["by a key"] = await largest(keys.map((key) => byKey(key)));
  measured["by a key, once"] = await largest(keys.map((key) => byKey(key, randomUUID())));
  measured["by a trust"] = await largest(byTrust(false));
  measured["by a trust, once"] = await largest(byTrust(true));
  await age(one, REFRESH);
  measured["another fetch"] = await largest([one.token(claims())]);
  // One more issuer is one too many.
  const surplus = await issuers.issuer();
  await job.remove(own[1].trust);
  await job.add(surplus);
  measured["no fetch"] = await largest([surplus.token(claims())], 503);
  // docs/COSTS.md: an exchange reads 5 rows, one for each trust, and 7 if it is used once; a fetch, the issuers that limit it.
  assert.deepEqual(measured, {
    "the first fetch": [3, 106, 5],
    "by a key": [1, 15, 0],
    "by a key, once": [2, 22, 2],
    "by a trust": [1, 10, 0],
    "by a trust, once": [2, 22, 2],
    "another fetch": [3, 10, 3],
    "no fetch": [3, 116, 0],
  });
};

tests["a token that no trust accepts is refused without a fetch, and all refusals have the same text"] = async () => {
  const issuer = await issuers.issuer();
  const untrusted = await issuers.issuer();
  const job = await Job.trusting(issuer);
  const now = Math.floor(Date.now() / 1000);
  const refused = {
    "another subject": { sub: `${SUBJECT}-2` },
    "another audience": { aud: `${POSTERN}/` },
    "two audiences": { aud: [POSTERN, "https://api.example"] },
    "another id": { repository_id: 75 },
    "an id of another type": { repository_id: "74" },
    "a missing claim": { repository_id: undefined },
    "another issuer": { iss: untrusted.url },
    "an issuer with a final slash": { iss: `${issuer.url}/` },
    "an issuer that is the client": { iss: job.client, sub: job.client },
    expired: { iat: now - 300, exp: now - 1 },
    "not valid yet": { nbf: now + 300 },
    "longer than a day": { exp: now + 24 * 3600 + 60 },
    "bound to a key": { cnf: { jkt: "x" } },
  };
  for (const [name, more] of Object.entries(refused)) await job.isRefused(await issuer.token(claims(more)), name);
  await job.isRefused(await issuer.token(claims(), { header: { alg: "none" } }), "alg");
  await job.isRefused(await issuer.token(claims(), { header: { typ: "client-authentication+jwt" } }), "typ");
  await job.isRefused("a.b.c", "not a token");
  const stranger = await Job.new();
  await stranger.isRefused(await issuer.token(claims()), "a credential without trusts");
  await Object.assign(new Job(), { client: `client_${"0".repeat(26)}` }).isRefused(await issuer.token(claims()), "no credential");
  assert.deepEqual([issuer.fetches, untrusted.fetches], [0, 0]);

  // The same text once the keys are known.
  await job.logIn(await issuer.token(claims()));
  const forger = await newKey("ES256", issuer.keys[0].kid);
  await job.isRefused(await issuer.token(claims(), { key: forger }), "signed by another key of this kid");
  await job.isRefused(await issuer.token(claims(), { header: { kid: "unknown" } }), "an unknown kid");
  await byRoot(200, "POST", `${job.path}/revoke`, {});
  await job.isRefused(await issuer.token(claims()), "revoked");
  await byRoot(200, "POST", `${job.path}/restore`, {});
  await job.logIn(await issuer.token(claims()));
  assert.equal(issuer.fetches, 1);
};

tests["without client_id, the audience names the client, whose trust must have that audience"] = async () => {
  const issuer = await issuers.issuer();
  const [job, other] = [await Job.trusting(issuer), await Job.trusting(issuer)];
  const aud = `${POSTERN}/${job.client}`;
  const anonymous = async (spelling, token) => {
    const { client_id, ...form } = SPELLINGS[spelling].form(job.client, token);
    return send(eitherIsolate(), "POST", "/oauth/token", { form });
  };
  const isRefused = async (token) => {
    for (const [spelling, { refused }] of Object.entries(SPELLINGS)) {
      const { status, json } = await anonymous(spelling, token);
      assert.deepEqual([status, json.error], refused, JSON.stringify(json));
    }
  };
  await isRefused(await issuer.token(claims()));
  await isRefused(await issuer.token(claims({ aud })));
  // A trust of another client does not count, whatever its audience.
  await other.add(issuer, { audience: aud });
  await isRefused(await issuer.token(claims({ aud })));
  assert.equal(issuer.fetches, 0);
  const trust = await job.add(issuer, { audience: aud });
  assert.deepEqual(trust.warnings, []);
  for (const spelling of Object.keys(SPELLINGS)) {
    const { status, text, json } = await anonymous(spelling, await issuer.token(claims({ aud })));
    assert.equal(status, 200, text);
    assert.equal(await whoIs(json.access_token), job.id);
  }
  for (const more of [`${aud}/`, `${aud}0`, `${POSTERN}//${job.client}`, `https://postern.example.evil.example/${job.client}`]) {
    await isRefused(await issuer.token(claims({ aud: more })));
  }
  // client_id decides, where it is sent.
  assert.equal(await whoIs((await other.logIn(await issuer.token(claims({ aud })))).token), other.id);
};

tests["the token endpoint is another audience for jwt-bearer only, and for the default audience only"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  const token = () => issuer.token(claims({ aud: `${POSTERN}/oauth/token` }));
  await job.logIn(await token(), { spelling: "assertion" });
  assert.equal((await job.exchange(await token(), { spelling: "client_assertion" })).status, 401);
  const other = await Job.trusting(issuer, { audience: `${POSTERN}/deploy` });
  assert.deepEqual(other.trust.warnings, []);
  await other.isRefused(await token(), "the token endpoint");
  await other.isRefused(await issuer.token(claims()), "the default audience");
  await other.logIn(await issuer.token(claims({ aud: `${POSTERN}/deploy` })));
  const shared = await Job.trusting(issuer, { audience: "https://api.example" });
  assert.deepEqual(shared.trust.warnings, ["shared_audience"]);
  await shared.logIn(await issuer.token(claims({ aud: ["https://api.example"] })));
};

tests["an access token ends with the identity token, or after token_seconds, or with its trust"] = async () => {
  const issuer = await issuers.issuer();
  const now = Math.floor(Date.now() / 1000);
  const ends = async (members, more) => {
    const job = await Job.trusting(issuer, members);
    return (await job.logIn(await issuer.token(claims(more)))).expires_in;
  };
  const isNear = (seconds, expected) => assert.ok(seconds <= expected && seconds > expected - 20, `${seconds}, not ${expected}`);
  isNear(await ends({}, { exp: now + 120 }), 120);
  isNear(await ends({}, { exp: now + 20 * 3600 }), 3600);
  isNear(await ends({ token_seconds: 1800 }, { exp: now + 120 }), 1800);
  isNear(await ends({ token_seconds: 60 }, { exp: now + 120 }), 60);
  isNear(await ends({ token_seconds: 3600, expires_at: new Date(Date.now() + 240_000).toISOString() }), 240);
};

tests["with once, one of many simultaneous exchanges of a token succeeds"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer, { once: true });
  // Fetches the keys.
  await job.logIn(await issuer.token(claims()));
  const token = await issuer.token(claims());
  const answers = await Promise.all(Array.from({ length: 20 }, () => job.exchange(token)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.ok(answers.every(({ status }) => [200, 400, 401].includes(status)));
  await job.isRefused(token, "used");
  await job.isRefused(await issuer.token(claims({ jti: undefined })), "without jti");
  // By another credential, it is another use.
  await (await Job.trusting(issuer, { once: true })).logIn(token);
};

tests["the keys of another tenant for the same issuer log nobody in, in either direction"] = async () => {
  const issuer = await issuers.issuer();
  const own = await newKey("ES256", issuer.keys[0].kid);
  const [job, other] = [await Job.trusting(issuer), await Job.trusting(issuer, { jwks: { keys: [own.jwk] } })];
  const [real, forged] = [() => issuer.token(claims()), () => issuer.token(claims(), { key: own })];
  // Before the issuer's keys are known, and after.
  for (const _ of [1, 2]) {
    await other.logIn(await forged());
    await other.isRefused(await real(), "signed by the issuer");
    await job.isRefused(await forged(), "signed by a key of another tenant");
    await job.logIn(await real());
  }
  const row = await rowOf(issuer);
  assert.ok(row.keys.includes(issuer.keys[0].jwk.x) && !row.keys.includes(own.jwk.x), row.keys);
  assert.equal(issuer.fetches, 1);
  // Of one credential, each trust has its own keys as well.
  await job.add(issuer, { jwks: { keys: [own.jwk] }, subject: "another" });
  await job.isRefused(await forged(), "signed by a key of another trust");
  await job.logIn(await issuer.token(claims({ sub: "another" }), { key: own }));
};

/** How often exchanges race with the removal of their trust, and how many clients exchange tokens meanwhile. */
const [RACES, RACERS] = [6, 12];

tests[`${RACES} removals of a trust while ${RACERS} clients exchange tokens by it leave no valid access token`] = async () => {
  let afterwards = 0;
  for (let race = 0; race < RACES; race++) {
    const issuer = await issuers.issuer();
    const job = await Job.trusting(issuer, { once: race % 3 === 2 });
    // In every other race, one of the clients fetches the keys.
    if (race % 2) await job.logIn(await issuer.token(claims()));
    const [given, told] = [[], { before: 0, during: 0, after: 0, refused: 0 }];
    let removal = "before";
    const client = async () => {
      for (;;) {
        const began = removal;
        // An exchange that has read the trust often goes on after the removal.
        const late = Math.floor(Math.random() * 60);
        const answer = await job.exchange(await issuer.token(claims()), { url: urls.delayed, spelling: "assertion", faults: [{ late }] });
        if (answer.status !== 200) {
          assert.deepEqual([answer.status, answer.json.error], SPELLINGS.assertion.refused, answer.text);
          assert.notEqual(removal, "before");
          told.refused += 1;
          return;
        }
        assert.notEqual(began, "after", "an exchange that began after the removal");
        given.push(answer.json.access_token);
        told[removal] += 1;
      }
    };
    const clients = Promise.all(Array.from({ length: RACERS }, client));
    while (told.before < 2 * RACERS) await Promise.race([wait(1), clients]);
    for (const token of given.slice(0, 3)) assert.equal(await whoIs(token), job.id);
    removal = "during";
    await job.remove(job.trust);
    removal = "after";
    const areInvalid = (tokens) =>
      Promise.all(
        tokens.map(async (token) => {
          const { active } = await byRoot(200, "POST", "/v1/verify", { token });
          assert.deepEqual([await whoIs(token), active], [401, false]);
        }),
      );
    await areInvalid(given.slice());
    await clients;
    await areInvalid(given);
    assert.equal(told.refused, RACERS);
    assert.equal(issuer.fetches, 1);
    afterwards += told.after;
  }
  assert.ok(afterwards > 0, "no exchange was in flight at a removal");
};

// ---------------------------------------------------------------------------------------------------------------------
// Faults of the issuer

/** Checks what a fault does to exchanges: without known keys, and with keys of each age. */
async function withFault(issuer, job, fault, documents) {
  const token = () => issuer.token(claims());
  const good = () => Object.assign(issuer, { faults: {}, lies: {} });
  const bad = () => Object.assign(issuer, fault);

  bad();
  await job.isUnavailable(await token());
  assert.equal(issuer.fetches, 1);
  // It is not fetched again within a minute, although it would succeed.
  good();
  await age(issuer, BETWEEN - 20);
  await job.isUnavailable(await token());
  assert.equal(issuer.fetches, 1);
  await age(issuer, 20);
  await job.logIn(await token());
  assert.equal(issuer.fetches, 2);

  // The known keys are used for an hour.
  const { keys, fetched_at } = await rowOf(issuer);
  bad();
  await age(issuer, REFRESH);
  await job.logIn(await token());
  assert.equal(issuer.fetches, 3);
  const row = await rowOf(issuer);
  assert.deepEqual([row.keys, row.fetched_at], [keys, fetched_at - REFRESH * 1e6]);
  await age(issuer, UNUSABLE - REFRESH - 60);
  await job.logIn(await token());
  assert.equal(issuer.fetches, 4);
  await age(issuer, 60);
  await job.isUnavailable(await token());
  assert.equal(issuer.fetches, 5);

  good();
  await age(issuer, BETWEEN);
  await job.logIn(await token());
  assert.equal(issuer.fetches, 6);
  // A discovery document that is refused is not followed by a request for keys.
  assert.equal(issuer.received.keys, documents.includes("discovery") ? 2 : 6);
  assert.equal(issuer.received.moved, 0);
}

const CASES = [
  ...Object.entries(FAULTS).flatMap(([name, fault]) => [
    { name: `discovery: ${name}`, fault: { faults: { discovery: fault } }, documents: ["discovery"] },
    { name: `keys: ${name}`, fault: { faults: { keys: fault } }, documents: ["keys"] },
  ]),
  ...Object.entries(LIES).map(([name, lie]) => ({ name: `discovery: ${name}`, lie, documents: ["discovery"] })),
];

tests[`with ${CASES.length} faults of an issuer: 503 without keys, while those that are known serve for an hour`] = async () => {
  const failed = [];
  const left = [...CASES];
  const inTurn = async () => {
    for (let one = left.pop(); one; one = left.pop()) {
      const { name, fault, lie, documents } = one;
      const issuer = await issuers.issuer();
      const job = await Job.trusting(issuer);
      try {
        await withFault(issuer, job, fault ?? { lies: lie(issuer) }, documents);
        // What the sockets buffer may be sent, and not more.
        if (issuer.sent) assert.ok(issuer.sent < 5 * 16 * 1024 * 1024, `${issuer.sent} bytes were sent`);
      } catch (error) {
        failed.push(`${name}: ${error.stack}`);
      }
    }
  };
  // Six at a time: on a busy machine, a good fetch beside all of the others would take longer than the Worker waits for it.
  await Promise.all(Array.from({ length: 6 }, inTurn));
  assert.equal(issuers.requestsElsewhere, 0);
  assert.ok(!failed.length, failed.join("\n"));
};

tests["documents of 64 KiB, compressed ones, slow ones and those without a type are read"] = async () => {
  for (const [name, send] of Object.entries(VARIANTS)) {
    const issuer = await issuers.issuer();
    issuer.faults = { discovery: send, keys: send };
    const job = await Job.trusting(issuer);
    const { status, text } = await job.exchange(await issuer.token(claims()));
    assert.equal(status, 200, `${name}: ${text}`);
  }
};

tests["nothing is fetched from the hosts of Postern"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer, { audience: issuers.origin });
  const token = await issuer.token(claims({ aud: issuers.origin }));
  // The host of POSTERN_ISSUER, then that of the request.
  await job.isUnavailable(token, { url: urls.atTheIssuer });
  const host = new URL(issuers.origin).host;
  const body = new URLSearchParams(SPELLINGS.assertion.form(job.client, token)).toString();
  const headers = { host, connection: "close", "content-type": "application/x-www-form-urlencoded", "content-length": body.length };
  const status = await new Promise((resolve, reject) => {
    const request = http.request(`${urls.one}/oauth/token`, { method: "POST", headers }, (answer) => resolve(answer.resume().statusCode));
    request.on("error", reject).end(body);
  });
  assert.equal(status, 503);
  assert.equal(issuer.fetches, 0);
};

tests["exchanges without known keys count as failed authentications, and a right token is accepted all the same"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  const url = urls.counting;
  /** The statuses of many exchanges of a token, at the Worker that counts. */
  const statusesOf = async (job, token) => {
    const statuses = new Set();
    for (let count = 0; count < 3 * FAILURES_MAX; count++) statuses.add((await job.exchange(token, { url, spelling: "assertion" })).status);
    return [...statuses];
  };
  issuer.faults = { discovery: FAULTS["closes the connection"] };
  // Otherwise, forged tokens would show which claims a trust accepts.
  assert.deepEqual(await statusesOf(job, await issuer.token(claims())), [503, 429]);
  issuer.faults = {};
  await age(issuer, BETWEEN);
  await job.logIn(await issuer.token(claims()), { url });
  const other = await Job.trusting(issuer);
  const forger = await newKey("ES256", issuer.keys[0].kid);
  assert.deepEqual(await statusesOf(other, await issuer.token(claims(), { key: forger })), [400, 429]);
  await other.logIn(await issuer.token(claims()), { url });
};

// ---------------------------------------------------------------------------------------------------------------------
// Changes of the keys

tests["a new key of the issuer is fetched when a token names it, at most once a minute, and the former one ends"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  const [former] = issuer.keys;
  await job.logIn(await issuer.token(claims()));
  await issuer.rotate("Ed25519");
  await job.isRefused(await issuer.token(claims()), "a new key, within a minute of the last fetch");
  await job.logIn(await issuer.token(claims(), { key: former }));
  assert.equal(issuer.fetches, 1);
  await age(issuer, BETWEEN);
  await job.logIn(await issuer.token(claims()));
  assert.equal(issuer.fetches, 2);
  await job.isRefused(await issuer.token(claims(), { key: former }), "the former key");
  await age(issuer, BETWEEN);
  await job.isRefused(await issuer.token(claims(), { key: former }), "the former key, after another fetch");
  assert.equal(issuer.fetches, 3);
};

tests["a key that the issuer withdraws is accepted until the fetch that is due after ten minutes"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  const [withdrawn, kept] = (issuer.keys = [...issuer.keys, await newKey("RS256")]);
  const [old, right] = [() => issuer.token(claims(), { key: withdrawn }), () => issuer.token(claims(), { key: kept })];
  await job.logIn(await old());
  await job.logIn(await right());
  issuer.keys = [kept];
  await age(issuer, REFRESH - 20);
  await job.logIn(await old());
  assert.equal(issuer.fetches, 1);
  await age(issuer, 20);
  await job.isRefused(await old(), "withdrawn");
  await job.logIn(await right());
  assert.equal(issuer.fetches, 2);
  // While the issuer is down, a withdrawn key does not return.
  issuer.faults = { keys: FAULTS["responds with 500"] };
  await age(issuer, REFRESH);
  // The issuer may have a key of this name by now.
  await job.isUnavailable(await old());
  await job.logIn(await right());
};

tests["tokens without a kid are checked with each key"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  issuer.keys = [await newKey(), await newKey("RS256"), await newKey()];
  for (const key of issuer.keys) await job.logIn(await issuer.token(claims(), { key, header: { kid: undefined } }));
  await job.isRefused(await issuer.token(claims(), { key: await newKey(), header: { kid: undefined } }), "an unknown key");
  assert.equal(issuer.fetches, 1);
};

// ---------------------------------------------------------------------------------------------------------------------
// The number of fetches

/** How many exchanges run at a time. */
const CLIENTS = 20;

/** Exchanges tokens. Returns how often each status occurred. A 503 must be that of unavailable keys. */
async function exchanges(count, exchange) {
  const statuses = {};
  let left = count;
  const client = async () => {
    while ((left -= 1) >= 0) {
      const answer = await exchange();
      if (answer.status === 503) reportsNoKeys(answer);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return statuses;
}

tests["simultaneous exchanges of a new issuer cause one fetch, for which all of them wait"] = async () => {
  // Either all requests find no keys and no claim, and all but one lose their claim, or the others find the claim of the first one.
  for (const faults of [[{ late: 500 }], []]) {
    for (const fault of [undefined, VARIANTS["takes 1 s"]]) {
      const issuer = await issuers.issuer();
      const jobs = await Promise.all(Array.from({ length: 4 }, () => Job.trusting(issuer)));
      issuer.faults = { discovery: fault };
      const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.token(claims())));
      const exchange = () => any(jobs).exchange(tokens.pop(), { url: urls.delayed, faults });
      assert.deepEqual(await exchanges(tokens.length, exchange), { 200: 20 });
      assert.equal(issuer.fetches, 1);
    }
  }
};

tests["a client that disconnects does not use up the turn to fetch the keys"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  issuer.faults = { discovery: VARIANTS["takes 1 s"] };
  const body = new URLSearchParams(SPELLINGS.assertion.form(job.client, await issuer.token(claims()))).toString();
  const { hostname, port } = new URL(urls.one);
  const socket = connect(port, hostname);
  const head = `POST /oauth/token HTTP/1.1\r\nHost: x.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
  while (!issuer.fetches) await wait(20);
  socket.resetAndDestroy();
  await job.logIn(await issuer.token(claims()), { url: urls.one });
  assert.equal(issuer.fetches, 1);
};

/** Tokens that attack readers of JWS, by name: each from the claims of a good one, and the issuer. */
const ATTACKS = {
  "alg none": (given) => `${encoded({ alg: "none" })}.${encoded(given)}.`,
  "alg None with a signature": (given) => `${encoded({ alg: "None" })}.${encoded(given)}.AAAA`,
  "HMAC with the public key": (given, { keys: [{ jwk, kid }] }) => {
    const signed = `${encoded({ alg: "HS256", kid })}.${encoded(given)}`;
    return `${signed}.${createHmac("sha256", JSON.stringify(jwk)).update(signed).digest("base64url")}`;
  },
  "a key of its own": async (given, issuer) => issuer.token(given, { key: await newKey("ES256", issuer.keys[0].kid) }),
  "a key in jwk": async (given, issuer) => {
    const key = await newKey("ES256", issuer.keys[0].kid);
    return issuer.token(given, { key, header: { jwk: key.jwk } });
  },
  "a key at jku": async (given, issuer) =>
    issuer.token(given, { key: await newKey(), header: { jku: `${issuers.origin}/attacker`, x5u: `${issuers.origin}/attacker` } }),
  crit: (given, issuer) => issuer.token(given, { header: { crit: ["exp"] } }),
  b64: (given, issuer) => issuer.token(given, { header: { b64: false } }),
  zip: (given, issuer) => issuer.token(given, { header: { zip: "DEF" } }),
  "typ of a client": (given, issuer) => issuer.token(given, { header: { typ: "client-authentication+jwt" } }),
  "kid as a number": (given, issuer) => issuer.token(given, { header: { kid: 7 } }),
  cnf: (given, issuer) => issuer.token({ ...given, cnf: { jkt: "x" } }),
  ...Object.fromEntries(
    [["aud", 7], ["aud", []], ["aud", [POSTERN, POSTERN]], ["aud", { a: POSTERN }], ["exp", "9999999999"], ["exp", 1.5e9 + 0.5], ["exp", -1],
      ["exp", 9e15], ["exp", null], ["iat", true], ["nbf", "0"], ["sub", [SUBJECT]], ["iss", null], ["jti", 7], ["jti", "x".repeat(256)]]
      .map(([name, value], index) => [`${name} ${index}`, (given, issuer) => issuer.token({ ...given, [name]: value })]),
  ),
  ...Object.fromEntries(
    [["no signature", () => ""], ["a byte", () => "AA"], ["a short signature", (text) => text.slice(0, -2)], ["a long signature", (text) => `${text}AAAA`],
      ["padding", (text) => `${text}==`], ["a signature of zeros", () => "A".repeat(86)], ["a fourth part", (text) => `${text}.AAAA`]]
      .map(([name, change]) => [name, async (given, issuer) => {
        const [header, payload, signature] = (await issuer.token(given)).split(".");
        return `${header}.${payload}.${change(signature)}`;
      }]),
  ),
  "a member twice": (given) => `${encoded({ alg: "ES256" })}.${encoded(`{"iss":"x",${JSON.stringify(given).slice(1)}`)}.${"A".repeat(86)}`,
  "a header member twice": (given) => `${encoded('{"alg":"none","alg":"ES256"}')}.${encoded(given)}.${"A".repeat(86)}`,
  "a thousand levels": () => `${encoded({ alg: "ES256" })}.${encoded("[".repeat(1000))}.${"A".repeat(86)}`,
  "bytes that are not UTF-8": () => `${encoded({ alg: "ES256" })}.${Buffer.from([0x7b, 0xff]).toString("base64url")}.${"A".repeat(86)}`,
  "two parts": () => "e30.e30",
  dots: () => ".".repeat(1000),
  "60 kB": (given, issuer) => issuer.token({ ...given, x: "x".repeat(44_000) }),
  "1 MB": (given, issuer) => issuer.token({ ...given, x: "x".repeat(1_000_000) }),
};
const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

tests["tokens that attack readers log nobody in by a trust or a key, and cause no 5xx and no fetch"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  await job.logIn(await issuer.token(claims()));
  const { jwk } = issuer.keys[0];
  await byRoot(201, "POST", `${job.path}/keys`, { jwk });
  // As the issuer, and as the client itself, whose key is the same.
  for (const own of [{}, { iss: job.client, sub: job.client }]) {
    assert.equal((await job.exchange(await issuer.token(claims(own)), { spelling: "client_assertion" })).status, 200);
    for (const [name, attack] of Object.entries(ATTACKS)) {
      // The client itself may send this type.
      if (own.iss && name === "typ of a client") continue;
      const token = await attack(claims({ iss: issuer.url, ...own }), issuer);
      for (const spelling of Object.keys(SPELLINGS)) {
        const { status, json } = await job.exchange(token, { spelling });
        const refused = name === "1 MB" ? [413, "invalid_request"] : SPELLINGS[spelling].refused;
        assert.deepEqual([status, json.error], refused, `${name}: ${spelling}`);
      }
    }
  }
  assert.equal(issuer.fetches, 1);
};

tests["1,000 exchanges at two isolates cause one fetch, and one more after ten minutes"] = async () => {
  const issuer = await issuers.issuer();
  const jobs = await Promise.all(Array.from({ length: 4 }, () => Job.trusting(issuer)));
  const exchange = async () => any(jobs).exchange(await issuer.token(claims()));
  assert.deepEqual(await exchanges(1000, exchange), { 200: 1000 });
  assert.equal(issuer.fetches, 1);
  await age(issuer, REFRESH);
  assert.deepEqual(await exchanges(100, exchange), { 200: 100 });
  assert.equal(issuer.fetches, 2);
};

tests["10,000 tokens with unknown kids log nobody in, and cause one fetch in a minute and one trip each"] = async () => {
  const issuer = await issuers.issuer();
  const job = await Job.trusting(issuer);
  await job.logIn(await issuer.token(claims()));
  await age(issuer, BETWEEN);
  const costs = {};
  const exchange = async () => {
    const token = await issuer.token(claims(), { header: { kid: randomUUID() } });
    const answer = await job.exchange(token, { spelling: "assertion" });
    const cost = costOf(answer);
    costs[cost] = (costs[cost] ?? 0) + 1;
    return answer;
  };
  assert.deepEqual(await exchanges(10_000, exchange), { 400: 10_000 });
  wasFetchedOnce(issuer, "unknown kids");
  // An exchange takes one trip, unless it fetches or waits for a fetch. Each client waits for a fetch at most once.
  const { "1,5,0": cheap, ...others } = costs;
  assert.ok(10_000 - cheap <= CLIENTS * fetchesMax(issuer), JSON.stringify(costs));
  for (const cost of Object.keys(others)) assert.ok(cost.split(",")[0] <= 12, cost);
  await stores(issuer, issuer.keys);
  await job.logIn(await issuer.token(claims()));
};

// ---------------------------------------------------------------------------------------------------------------------
// 1,000 exchanges

/** Runs 1,000 exchanges: equally many of each kind, simultaneously. Returns how often each status occurred, by kind. */
const thousand = (...kinds) => Promise.all(kinds.map((exchange) => exchanges(1000 / kinds.length, exchange)));

/** The names of those CASES in which the issuer is slow, down, redirecting, huge or lying. */
const FAULTS_UNDER_LOAD = [
  "discovery: takes 4 s",
  "keys: takes 4 s after the first bytes",
  "discovery: closes the connection",
  "keys: responds with 500",
  "discovery: redirects to the document",
  "discovery: sends spaces forever",
  "keys: sends 1 byte more than 64 KiB",
  "discovery: names another issuer",
];

tests[`1,000 exchanges with each of ${FAULTS_UNDER_LOAD.length} faults: one fetch, 503 without keys, 200 with keys of the last hour`] = async () => {
  const all = await Promise.all(
    FAULTS_UNDER_LOAD.map(async (name) => {
      const issuer = await issuers.issuer();
      const { fault, lie } = CASES.find((one) => one.name === name);
      const [job, once] = [await Job.trusting(issuer), await Job.trusting(issuer, { once: true })];
      return { name, issuer, job, once, fault: fault ?? { lies: lie(issuer) } };
    }),
  );
  const ofAll = (step) => Promise.all(all.map(step));
  const makeOlder = (seconds) => ofAll(({ issuer }) => age(issuer, seconds));
  const storedOf = async (issuer) => {
    const { keys = null, fetched_at = null } = (await rowOf(issuer)) ?? {};
    return { keys, fetched_at };
  };
  /** Checks that 1,000 exchanges of each issuer, 100 of them with `once`, get this status, and that the failed fetch changes no keys. */
  const exchangeAll = (status) =>
    ofAll(async (one) => {
      const { name, issuer, job, once, fault } = Object.assign(one, { tokens: [] });
      Object.assign(issuer, fault);
      const before = await storedOf(issuer);
      const statuses = await Promise.all([
        exchanges(900, async () => job.exchange(await issuer.token(claims()))),
        exchanges(100, async () => {
          const token = await issuer.token(claims({ exp: claims().iat + 3600 }));
          one.tokens.push(token);
          return once.exchange(token);
        }),
      ]);
      assert.deepEqual(statuses, [{ [status]: 900 }, { [status]: 100 }], name);
      wasFetchedOnce(issuer, name);
      assert.deepEqual(await storedOf(issuer), before, name);
      assert.equal(issuer.received.moved, 0, name);
    });
  /** Checks that the 100 tokens get this status when they are exchanged again. */
  const repeat = (status) =>
    ofAll(async ({ name, once, tokens }) => {
      const statuses = await exchanges(100, () => once.exchange(tokens.pop(), { spelling: "assertion" }));
      assert.deepEqual(statuses, { [status]: 100 }, name);
    });
  const recover = async () => {
    await ofAll(({ issuer }) => Object.assign(issuer, { faults: {}, lies: {} }));
    await makeOlder(BETWEEN);
    await ofAll(async ({ issuer, job }) => job.logIn(await issuer.token(claims())));
    await ofAll(({ issuer }) => stores(issuer, issuer.keys));
  };

  await exchangeAll(503);
  await recover();
  // A 503 does not use up a token; a 200 does.
  await repeat(200);
  await makeOlder(REFRESH);
  await exchangeAll(200);
  await repeat(400);
  await makeOlder(UNUSABLE - REFRESH);
  await exchangeAll(503);
  await recover();
  await repeat(200);
  assert.equal(issuers.requestsElsewhere, 0);
};

/** Two ways to end a key: the issuer's keys before, and the age of the known ones at which the next exchange fetches. */
const CHANGES = {
  rotates: { keysBefore: ({ former }) => [former], seconds: BETWEEN },
  withdraws: { keysBefore: ({ former, kept }) => [former, kept], seconds: REFRESH },
};

for (const [name, { keysBefore, seconds }] of Object.entries(CHANGES)) {
  tests[`1,000 exchanges while an issuer ${name} a key: one fetch, which ends the key for all`] = async () => {
    const issuer = await issuers.issuer();
    const job = await Job.trusting(issuer);
    const [former, kept] = [issuer.keys[0], await newKey()];
    const [byFormer, byKept] = [job.exchangeSigned(issuer, former), job.exchangeSigned(issuer, kept)];
    issuer.keys = keysBefore({ former, kept });
    await job.logIn(await issuer.token(claims(), { key: former }));
    issuer.keys = [kept];
    await age(issuer, seconds);

    let hasEnded = false;
    const byFormerUntilRefused = async () => {
      const mustFail = hasEnded;
      const answer = await byFormer();
      if (mustFail) assert.equal(answer.status, 400, "accepted after it was refused");
      hasEnded ||= answer.status === 400;
      return answer;
    };
    // The former key is accepted until the fetch ends.
    const [{ 200: accepted = 0, 400: refused = 0, ...others }, ofKept] = await thousand(byFormerUntilRefused, byKept);
    assert.deepEqual([accepted + refused, others, ofKept], [500, {}, { 200: 500 }]);
    await stores(issuer, [kept]);
    assert.deepEqual(await thousand(byFormer, byKept), [{ 400: 500 }, { 200: 500 }]);
    wasFetchedOnce(issuer, name);

    // While the issuer is down, the former key does not return. The issuer may have published it again.
    issuer.faults = { keys: FAULTS["responds with 500"] };
    await age(issuer, REFRESH);
    assert.deepEqual(await thousand(byFormer, byKept), [{ 503: 500 }, { 200: 500 }]);
    wasFetchedOnce(issuer, name);
    await stores(issuer, [kept]);
  };
}

tests["1,000 exchanges of two tenants with different keys for an issuer: each accepts its own, whatever the issuer publishes"] = async () => {
  const issuer = await issuers.issuer();
  const [real] = issuer.keys;
  const inline = await newKey("ES256", real.kid);
  const [job, other] = [await Job.trusting(issuer), await Job.trusting(issuer, { jwks: { keys: [inline.jwk] } })];
  const exchangeAll = () =>
    thousand(...[job, other].flatMap((one) => [real, inline].map((key) => one.exchangeSigned(issuer, key))));
  const [accepted, refused] = [{ 200: 250 }, { 400: 250 }];
  issuer.faults = { discovery: VARIANTS["takes 1 s"] };
  assert.deepEqual(await exchangeAll(), [accepted, refused, refused, accepted]);
  wasFetchedOnce(issuer, "its own keys");
  await stores(issuer, [real]);
  // The issuer publishes the key of the other tenant in place of its own.
  issuer.keys = [inline];
  await age(issuer, REFRESH);
  await job.logIn(await issuer.token(claims()));
  assert.deepEqual(await exchangeAll(), [refused, accepted, refused, accepted]);
  wasFetchedOnce(issuer, "the other keys");
  await stores(issuer, [inline]);
};

// ---------------------------------------------------------------------------------------------------------------------
// The number of issuers

tests[`at most ${FETCHES_MAX} issuers without known keys are tried in a minute, and those with keys all the same`] = async () => {
  const all = [];
  const known = await issuers.issuer();
  const one = await Job.trusting(known);
  await one.logIn(await known.token(claims()));
  for (let count = 0; count < 7; count++) {
    const job = await Job.new();
    for (let trusts = 0; trusts < 10; trusts++) {
      const issuer = await issuers.issuer();
      issuer.faults = { discovery: FAULTS["responds with 500"] };
      await job.add(issuer);
      all.push({ issuer, job });
    }
  }
  const fetched = () => all.filter(({ issuer }) => issuer.fetches);
  const exchangeAll = (pairs) => {
    const left = [...pairs];
    return exchanges(left.length, async () => {
      const { issuer, job } = left.pop();
      return job.exchange(await issuer.token(claims()));
    });
  };
  assert.deepEqual(await exchangeAll(all), { 503: all.length });
  // And the first of each tenant.
  const tried = fetched().length;
  assert.ok([FETCHES_MAX, FETCHES_MAX + 1].includes(tried), String(tried));
  await age(known, REFRESH);
  await one.logIn(await known.token(claims()));
  assert.equal(known.fetches, 2);
  // In the next minute, it is the turn of the others.
  await forgetFetches();
  for (const { issuer } of all) issuer.faults = {};
  assert.deepEqual(await exchangeAll(all.filter(({ issuer }) => !issuer.fetches)), { 200: all.length - tried });
};

tests[`at most ${ISSUERS_MAX} issuers of a tenant are fetched`] = async () => {
  const job = await Job.new();
  const second = await job.sibling();
  const third = await job.sibling();
  const all = [];
  for (let count = 0; count <= ISSUERS_MAX; count++) {
    const issuer = await issuers.issuer();
    const by = [job, second, third][Math.floor(count / 10)];
    await by.add(issuer);
    all.push({ issuer, job: by });
  }
  const last = all.pop();
  for (const { issuer, job } of all) await job.logIn(await issuer.token(claims()));
  const token = await last.issuer.token(claims());
  await last.job.isUnavailable(token);
  assert.equal(last.issuer.fetches, 0);
  // Once it is known for another tenant, it is known.
  await (await Job.trusting(last.issuer)).logIn(token);
  await last.job.logIn(token);
};

for (const [title, test] of Object.entries(tests)) {
  tests[title] = async () => {
    await forgetFetches();
    await test();
  };
}
const passed = await run("tests/issuer.mjs", tests);
await server.dispose();
issuers.close();
rmSync(folder, { recursive: true });
process.exit(passed ? 0 : 1);
