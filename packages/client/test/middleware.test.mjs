import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { verifyCredential } from "../src/hono.js";
import { Refusal, createVerifier } from "../src/middleware.js";
import { problem, service } from "./postern.mjs";

const OWN = "pstn_own-secret-of-the-verifier";
const NEEDS = { all: [{ role_id: "viewer" }] };
const IDENTITY = {
  tenant: "t",
  principal: "p",
  credential: "c",
  name: "one",
  roles: [{ role_id: "viewer" }],
  access: "none",
  secret: { id: "s", retiring: false, expires_at: null },
  expires_at: null,
  checked_at: "2026-11-30T00:00:00.000000Z",
};
const evidence = (age_seconds = 0, max_staleness_seconds = 10) => ({ age_seconds, max_staleness_seconds, source: "primary" });
const valid = (more = {}) => [200, { ...IDENTITY, ...evidence(), active: true, allowed: true, ...more }];
const INACTIVE = [200, { ...evidence(), active: false, reason: "revoked", checked_at: IDENTITY.checked_at }];

const requestWith = (authorization) => new Request("https://api.example/", { headers: authorization ? { authorization } : {} });

/** A verifier with a clock that the test sets. `ask` returns the identity, or the status of the refusal. */
function verifier(answer, options = {}) {
  const postern = service(answer);
  const clock = { times: [1_000_000] };
  const verify = createVerifier({ service: postern, token: OWN, clocks: () => [...clock.times], ...options });
  const ask = (token = "a", requirement = {}) =>
    verify(requestWith(`Bearer ${token}`), { needs: NEEDS, ...requirement }).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
      return error.status;
    });
  return { postern, clock, verify, ask, asked: () => postern.requests.length };
}

test("valid token with the needed roles has its identity, and Postern is asked with the verifier's own token", async () => {
  const { postern, ask } = verifier(() => valid());
  assert.deepEqual(await ask("secret-1", { maxStalenessSeconds: 10 }), IDENTITY);
  const [{ method, path, headers, text }] = postern.requests;
  assert.deepEqual([method, path, headers.get("authorization")], ["POST", "/v1/verify", `Bearer ${OWN}`]);
  assert.deepEqual(JSON.parse(text), { token: "secret-1", needs: NEEDS, max_staleness_seconds: 10 });
});

test("request without a token, with a malformed token, or with a token that is not valid is 401 with a challenge", async () => {
  const { verify, postern } = verifier(() => INACTIVE);
  for (const [authorization, challenge, trips] of [
    [undefined, 'Bearer realm="api"', 0],
    ["Basic YTpi", 'Bearer realm="api"', 0],
    ["Bearerx a", 'Bearer realm="api"', 0],
    ["Bearer", 'Bearer realm="api", error="invalid_token"', 0],
    ["Bearer a b", 'Bearer realm="api"', 0],
    ["Bearer a, Bearer b", 'Bearer realm="api"', 0],
    ["Bearer \u00e9", 'Bearer realm="api"', 0],
    [`Bearer ${"a".repeat(1025)}`, 'Bearer realm="api", error="invalid_token"', 0],
    ["Bearer a", 'Bearer realm="api", error="invalid_token"', 1],
    ["bearer   a  ", 'Bearer realm="api", error="invalid_token"', 1],
  ]) {
    const before = postern.requests.length;
    const refusal = await verify(requestWith(authorization), { needs: NEEDS }).catch((error) => error);
    const response = refusal.response();
    assert.deepEqual([response.status, response.headers.get("www-authenticate")], [401, challenge], authorization);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal((await response.json()).status, 401);
    assert.equal(postern.requests.length - before, trips, authorization);
  }
});

test("token that lacks a role is 403 insufficient_scope, unless no role is needed", async () => {
  const { verify, ask } = verifier(({ body }) => valid(body.needs ? { allowed: false, failed_needs: NEEDS.all } : { allowed: undefined }));
  const refusal = await verify(requestWith("Bearer a"), { needs: NEEDS }).catch((error) => error);
  assert.deepEqual([refusal.status, refusal.headers["WWW-Authenticate"]], [403, 'Bearer realm="api", error="insufficient_scope"']);
  assert.deepEqual(await ask("a", { needs: null }), IDENTITY);
});

test("only true in the answer is a yes", async () => {
  for (const [more, status] of [
    [{ active: "true" }, 401],
    [{ active: undefined }, 401],
    [{ allowed: undefined }, 403],
    [{ allowed: 1 }, 403],
  ]) {
    assert.equal(await verifier(() => valid(more)).ask(), status, JSON.stringify(more));
  }
});

test("every failure of Postern is 503, also one that reads like the client's", async () => {
  const lost = () => {
    throw new TypeError("fetch failed");
  };
  for (const answer of [
    lost,
    () => problem(503, "misconfigured"),
    () => problem(401, "unauthenticated"),
    () => problem(403, "forbidden"),
    () => problem(422, "invalid"),
    () => problem(429, "too_many_failures", { "Retry-After": "60" }),
    () => problem(404, "no_route"),
    () => [200, null],
    () => [302, null, { Location: "https://elsewhere.example/" }],
    () => [200, { active: true, allowed: true }, { "content-type": "text/html" }],
  ]) {
    const { verify } = verifier(answer);
    const refusal = await verify(requestWith("Bearer the-token"), { needs: NEEDS }).catch((error) => error);
    const response = refusal.response();
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
    const text = `${await response.text()} ${refusal.stack} ${refusal.cause.stack}`;
    assert.ok(!text.includes("the-token") && !text.includes(OWN));
  }
});

test("needs that are not named, and a bound that Postern does not have, are an error of the program", async () => {
  const { verify, asked } = verifier(() => valid());
  for (const requirement of [
    {},
    { needs: undefined },
    { needs: false },
    { needs: "" },
    { needs: NEEDS, maxStalenessSeconds: -1 },
    { needs: NEEDS, maxStalenessSeconds: 301 },
    { needs: NEEDS, maxStalenessSeconds: 1.5 },
    { needs: NEEDS, maxStalenessSeconds: NaN },
    { needs: NEEDS, maxStalenessSeconds: "10" },
  ]) {
    await assert.rejects(verify(requestWith("Bearer a"), requirement), TypeError);
    assert.throws(() => verifyCredential(requirement), TypeError);
  }
  assert.equal(asked(), 0);
  assert.throws(() => createVerifier({ url: "https://postern.example" }), /own token is missing/);
});

test("valid token is answered from memory until its evidence has the age of the bound, and not at it", async () => {
  // The evidence is 3 s older than the answer, so it is at most 7 s older than the request.
  const { clock, ask, asked } = verifier(() => valid(evidence(3, 10)));
  await ask();
  for (const [later, trips] of [[0, 1], [6999, 1], [7000, 2], [7001, 2], [13_999, 2], [14_000, 3]]) {
    clock.times = [1_000_000 + later];
    assert.deepEqual(await ask(), IDENTITY);
    assert.equal(asked(), trips, `after ${later} ms`);
  }
});

test("age of evidence counts from before the request to Postern, however long the answer takes", async () => {
  const { clock, ask, asked } = verifier(() => {
    clock.times = [clock.times[0] + 4000];
    return valid(evidence(0, 10));
  });
  await ask();
  clock.times = [1_009_999];
  await ask();
  assert.equal(asked(), 1);
  clock.times = [1_010_000];
  await ask();
  assert.equal(asked(), 2);
});

test("nothing is answered from memory without a bound, with an age that is absent, or with one that is not a number", async () => {
  for (const more of [
    evidence(0, 0),
    { max_staleness_seconds: undefined },
    evidence(0, null),
    evidence(0, "ten"),
    evidence(0, -1),
    { age_seconds: undefined },
    evidence("now", 10),
    evidence(-1, 10),
    evidence(10, 10),
    { ...evidence(), expires_at: "tomorrow" },
    { ...evidence(), expires_at: undefined },
  ]) {
    const { ask, asked } = verifier(() => valid(more));
    await ask();
    await ask();
    assert.equal(asked(), 2, JSON.stringify(more));
  }
  const { ask, asked } = verifier(() => valid());
  await ask("a", { maxStalenessSeconds: 0 });
  await ask("a", { maxStalenessSeconds: 0 });
  assert.equal(asked(), 2);
});

test("bound is the lesser one of the answer, of the request that asked and of the request that is answered", async () => {
  for (const [answered, first, second, bound] of [[10, 300, 300, 10], [10, 5, 300, 5], [10, 300, 5, 5], [10, undefined, undefined, 10]]) {
    const { clock, ask, asked } = verifier(() => valid(evidence(0, answered)));
    await ask("a", { maxStalenessSeconds: first });
    clock.times = [1_000_000 + 1000 * bound - 1];
    await ask("a", { maxStalenessSeconds: second });
    assert.equal(asked(), 1, `${answered} ${first} ${second}`);
    clock.times = [1_000_000 + 1000 * bound];
    await ask("a", { maxStalenessSeconds: second });
    assert.equal(asked(), 2, `${answered} ${first} ${second}`);
  }
});

test("refusals and failures are never answered from memory", async () => {
  for (const answer of [INACTIVE, valid({ allowed: false }), problem(403, "forbidden")]) {
    const { ask, asked } = verifier(() => answer);
    const status = await ask();
    assert.equal(await ask(), status);
    assert.equal(asked(), 2);
  }
});

test("another token, and other needs, are not answered from memory", async () => {
  const { ask, asked } = verifier(({ body }) => (body.token === "a" && body.needs === undefined ? valid() : INACTIVE));
  assert.deepEqual(await ask("a", { needs: null }), IDENTITY);
  assert.equal(await ask("b", { needs: null }), 401);
  assert.equal(await ask("a"), 401);
  assert.equal(await ask("a", { needs: { any: [{ role_id: "viewer" }] } }), 401);
  assert.equal(asked(), 4);
});

test("token is not answered from memory after its end", async () => {
  const { clock, ask, asked } = verifier(() => valid({ expires_at: new Date(1_002_000).toISOString() }));
  for (const [time, trips] of [[1_000_000, 1], [1_001_999, 1], [1_002_000, 2], [1_002_001, 3]]) {
    clock.times = [time];
    await ask();
    assert.equal(asked(), trips, `at ${time}`);
  }
});

test("when a clock goes back, everything is forgotten, and so is what was asked before and answered after", async () => {
  let step = () => {};
  const { clock, ask, asked } = verifier(async () => {
    await step();
    return valid();
  });
  await ask("a");
  await ask("b");
  clock.times = [999_999];
  await ask("a");
  await ask("b");
  assert.equal(asked(), 4);
  // A step while Postern is asked, which another request notices.
  step = () => {
    step = () => {};
    clock.times = [clock.times[0] - 500];
    return ask("c");
  };
  await ask("d");
  assert.equal(asked(), 6);
  clock.times = [clock.times[0] + 1000];
  await ask("d");
  assert.equal(asked(), 7);
});

test("age is the greatest by any clock, so a clock that stops or goes back makes no answer younger", async () => {
  const { clock, ask, asked } = verifier(() => valid());
  clock.times = [5_000, 0];
  await ask();
  for (const times of [[5_000, 10_000], [15_000, 10_000]]) {
    clock.times = times;
    await ask();
  }
  assert.equal(asked(), 3);
});

test("least recently used token is dropped above the greatest number of entries", async () => {
  const { ask, asked } = verifier(() => valid(), { maxEntries: 2 });
  for (const token of ["a", "b", "a", "c", "a"]) await ask(token);
  assert.equal(asked(), 3);
  await ask("b");
  assert.equal(asked(), 4);
});

test("what a handler does to an identity does not change the next one", async () => {
  const { ask } = verifier(() => valid());
  for (let count = 0; count < 3; count++) {
    const identity = await ask();
    assert.deepEqual(identity, IDENTITY);
    identity.tenant = "another";
    identity.roles.push({ role_id: "admin" });
  }
});

// ---------------------------------------------------------------------------------------------------------------------
// Hono

function api(options) {
  const app = new Hono();
  app.use("/reports/*", verifyCredential({ needs: NEEDS, ...options }));
  app.get("/reports/:id", (c) => c.json(c.get("identity")));
  return (env, headers = { authorization: "Bearer a" }) => app.request("/reports/1", { headers }, env);
}

test("middleware sets the identity, or responds with the refusal without calling the handler", async () => {
  const get = api();
  const accepted = await get({ POSTERN: service(() => valid()), POSTERN_TOKEN: OWN });
  assert.deepEqual([accepted.status, await accepted.json()], [200, IDENTITY]);
  const refused = await get({ POSTERN: service(() => INACTIVE), POSTERN_TOKEN: OWN });
  assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, 'Bearer realm="api", error="invalid_token"']);
  assert.equal((await get({ POSTERN: service(() => valid()), POSTERN_TOKEN: OWN }, {})).status, 401);
});

test("middleware uses the binding before the address, and remembers nothing of another Postern or under another token", async (t) => {
  const fetched = t.mock.method(globalThis, "fetch", async () => Response.json(INACTIVE[1]));
  const get = api();
  const postern = service(() => valid());
  const env = { POSTERN: postern, POSTERN_URL: "https://postern.example", POSTERN_TOKEN: OWN };
  for (let count = 0; count < 2; count++) assert.equal((await get(env)).status, 200);
  assert.deepEqual([postern.requests.length, fetched.mock.callCount()], [1, 0]);
  for (const [name, more] of [["token", { POSTERN_TOKEN: "another" }], ["service", { POSTERN: service(() => INACTIVE) }]]) {
    const before = postern.requests.length;
    const { status } = await get({ ...env, ...more });
    assert.ok(name === "service" ? status === 401 : postern.requests.length === before + 1, name);
  }
  assert.equal((await get({ ...env, POSTERN: undefined })).status, 401);
  assert.equal(fetched.mock.callCount(), 1);
});

test("middleware accepts nothing without a connection to Postern or without a token of its own", async (t) => {
  t.mock.method(console, "error", () => {});
  for (const env of [undefined, {}, { POSTERN_TOKEN: OWN }, { POSTERN: service(() => valid()) }]) {
    assert.equal((await api()(env)).status, 500);
  }
});

test("middleware logs why a token could not be verified, without a token", async (t) => {
  const logged = t.mock.method(console, "error", () => {});
  const answer = await api({ connect: ({ own }) => ({ service: service(() => problem(403, "forbidden")), token: own }) })({ own: OWN });
  assert.equal(answer.status, 503);
  const [text] = logged.mock.calls[0].arguments;
  assert.match(text, /title of forbidden \(403\)/);
  assert.ok(!text.includes(OWN));
});
