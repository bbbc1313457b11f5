import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { PosternError, createClient } from "../src/client.js";
import { operations } from "../src/operations.js";
import { problem, service } from "./postern.mjs";

const TOKEN = "pstn_secret-of-the-caller";
const UNAVAILABLE = problem(503, "unavailable", { "Retry-After": "1" });
const UNKNOWN = problem(503, "outcome_unknown", { "Retry-After": "1" });
const LOST = () => {
  throw new TypeError("fetch failed");
};

/** An input that has what the operation requires. */
const inputOf = ({ path, body, header }) => ({
  ...Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, "01m7xpe60de01bfkhv97h4pa7f"])),
  ...(header.includes("Postern-Verifier") && { "Postern-Verifier": "v" }),
  ...(body && { body: {} }),
});

const SUCCESS = ({ statuses: [status], hasData }) => [status, hasData ? {} : null];

/** Sends one operation to a service that answers in turn. Returns the requests, the delays in ms and the outcome. */
async function send(t, name, answers, { input = inputOf(operations[name]), ...options } = {}) {
  const delays = [];
  const waiting = t.mock.method(globalThis, "setTimeout", (go, delay) => {
    delays.push(delay);
    queueMicrotask(go);
  });
  const postern = service(({ number }) => {
    const answer = answers[Math.min(number, answers.length) - 1];
    return typeof answer === "function" ? answer() : answer;
  });
  try {
    const client = createClient({ service: postern, token: TOKEN, ...options });
    const outcome = await client[name](input).catch((error) => error);
    return { requests: postern.requests, delays, outcome };
  } finally {
    waiting.mock.restore();
  }
}

test("request has the path, query, headers, body and token that its operation describes", async (t) => {
  const input = { tenant: "a b/c", credential: "d", dry_run: true, "If-Match": '"d.1"', body: { name: "é", expires_at: null } };
  const { requests, outcome } = await send(t, "update_credential", [[200, { id: "d" }, { ETag: '"d.2"' }]], { input });
  const [{ method, path, headers, text }] = requests;
  assert.deepEqual([method, path], ["PATCH", "/v1/tenants/a%20b%2Fc/credentials/d?dry_run=true"]);
  assert.deepEqual([headers.get("if-match"), headers.get("content-type")], ['"d.1"', "application/json"]);
  assert.equal(headers.get("authorization"), `Bearer ${TOKEN}`);
  assert.equal(text, '{"name":"é","expires_at":null}');
  assert.deepEqual([outcome.status, outcome.data, outcome.headers.get("etag")], [200, { id: "d" }, '"d.2"']);
});

test("form is encoded, a list is repeated in the query, and an absent value is omitted", async (t) => {
  const body = { grant_type: "client_credentials", client_id: "client_1", client_secret: "a+b&c", scope: undefined };
  const { requests: [form] } = await send(t, "log_in", [[200, {}]], { input: { body } });
  assert.equal(form.text, "grant_type=client_credentials&client_id=client_1&client_secret=a%2Bb%26c");
  // The client of a log-in authenticates by the form.
  assert.equal(form.headers.get("authorization"), null);
  const input = { all: ["viewer", "editor dataset"], tenant: undefined, "Postern-Verifier": "v" };
  const { requests: [list] } = await send(t, "authorize", [[200, null]], { input });
  assert.equal(list.path, "/v1/authorize?all=viewer&all=editor+dataset");
});

test("unknown parameter, precondition that is null, and id that leads to another route are refused before anything is sent", async (t) => {
  const tenant = "01m7xpe60de01bfkhv97h4pa7f";
  for (const [name, input, message] of [
    ["get_tenant", { tenant, expand: true }, /get_tenant has no parameter expand/],
    ["delete_credential", { tenant }, /credential must be an id/],
    ["delete_credential", { tenant, credential: "" }, /credential must be an id/],
    ["delete_credential", { tenant, credential: ".." }, /credential must be an id/],
    ["delete_credential", { tenant, credential: tenant, "If-Match": null }, /If-Match must be a string/],
  ]) {
    const postern = service(() => [204, null]);
    await assert.rejects(createClient({ service: postern })[name](input), message);
    assert.equal(postern.requests.length, 0);
  }
});

test("Idempotency-Key is sent exactly by the operations that take one, and is another one for each call", async (t) => {
  const keys = new Set();
  for (const [name, operation] of Object.entries(operations)) {
    const { requests } = await send(t, name, [SUCCESS(operation)]);
    const key = requests[0].headers.get("idempotency-key");
    assert.equal(key !== null, operation.header.includes("Idempotency-Key"), name);
    if (key) keys.add(key);
  }
  assert.equal(keys.size, ["create_tenant", "create_principal", "create_credential", "rotate_credential", "rotate_self"].length);
  const input = { ...inputOf(operations.create_tenant), "Idempotency-Key": "mine" };
  const { requests } = await send(t, "create_tenant", [[201, {}]], { input });
  assert.equal(requests[0].headers.get("idempotency-key"), "mine");
});

test("after each failure, exactly the operations for which it is safe are sent again, with the same key and body", async (t) => {
  for (const [name, operation] of Object.entries(operations)) {
    const isRepeatable = operation.isRead || operation.header.includes("Idempotency-Key");
    for (const [failure, isSafe, delay] of [
      [LOST, isRepeatable, 200],
      [UNKNOWN, isRepeatable, 1000],
      [UNAVAILABLE, true, 1000],
      // Not from Postern, which says nothing about the outcome.
      [[503, null, { "Retry-After": "1" }], isRepeatable, 1000],
      [[503, null], false],
      [problem(503, "misconfigured"), false],
      [problem(503, "unavailable", { "Retry-After": "6" }), false],
      [problem(503, "unavailable", { "Retry-After": "Thu, 01 Jan 2037 00:00:00 GMT" }), false],
      [problem(500, "internal"), false],
      [problem(429, "too_many_failures", { "Retry-After": "1" }), false],
      [problem(409, "rotating"), false],
      [problem(401, "unauthenticated"), false],
    ]) {
      const { requests, delays, outcome } = await send(t, name, [failure, SUCCESS(operation)]);
      const which = `${name} after ${failure}`;
      assert.equal(requests.length, isSafe ? 2 : 1, which);
      assert.equal(outcome instanceof PosternError, !isSafe, which);
      assert.deepEqual(delays, isSafe ? [delay] : [], which);
      for (const { text, headers } of requests) {
        assert.equal(text, requests[0].text);
        assert.equal(headers.get("idempotency-key"), requests[0].headers.get("idempotency-key"));
      }
    }
  }
});

test("request is sent at most as often as allowed, and the last error is thrown", async (t) => {
  for (const [attempts, count] of [[undefined, 3], [1, 1], [5, 5]]) {
    const { requests, outcome } = await send(t, "get_self", [UNAVAILABLE], { attempts });
    assert.deepEqual([requests.length, outcome.code], [count, "unavailable"]);
  }
});

test("error reports status, code, detail, violations, request id and whether the change may have been made", async (t) => {
  const violations = [{ pointer: "/roles", code: "missing", detail: "Required." }];
  const refused = problem(422, "invalid", { "X-Request-Id": "r-1" }, { detail: "Fix every violation listed.", violations });
  const { outcome: invalid } = await send(t, "replace_credential", [refused]);
  assert.ok(invalid instanceof PosternError && invalid instanceof Error);
  assert.equal(invalid.message, "title of invalid (422): Fix every violation listed.");
  const { status, code, detail, requestId } = invalid;
  assert.deepEqual([status, code, detail, requestId], [422, "invalid", "Fix every violation listed.", "r-1"]);
  assert.deepEqual(invalid.violations, violations);

  const { outcome: oauth } = await send(t, "log_in", [[401, { error: "invalid_client", error_description: "No." }]]);
  assert.deepEqual([oauth.status, oauth.code, oauth.detail], [401, "invalid_client", "No."]);
  const { outcome: limited } = await send(t, "get_self", [problem(429, "too_many_failures", { "Retry-After": "60" })]);
  assert.equal(limited.retryAfterSeconds, 60);

  for (const [name, failure, isUnknown] of [
    ["delete_credential", LOST, true],
    ["delete_credential", UNKNOWN, true],
    ["delete_credential", [502, null], true],
    ["delete_credential", UNAVAILABLE, false],
    ["delete_credential", refused, false],
    ["delete_credential", problem(500, "internal"), false],
    ["create_credential", LOST, true],
    ["get_credential", LOST, false],
    ["get_credential", [502, null], false],
  ]) {
    const { outcome } = await send(t, name, [failure]);
    assert.equal(outcome.isOutcomeUnknown, isUnknown, `${name} after ${failure}`);
    assert.equal(outcome.isUnreachable, failure === LOST);
  }
});

test("response that is not the one of the operation is an error, also with a status of success", async (t) => {
  for (const answer of [
    [200, null],
    [201, { id: "1" }],
    [204, null],
    [302, null, { Location: "https://elsewhere.example/" }],
    [304, null],
    [200, { id: "1" }, { "content-type": "text/html" }],
  ]) {
    const { outcome } = await send(t, "get_credential", [answer]);
    assert.ok(outcome instanceof PosternError, JSON.stringify(answer));
    assert.equal(outcome.status, answer[0]);
  }
  const input = { ...inputOf(operations.get_credential), "If-None-Match": '"1.1"' };
  const { outcome } = await send(t, "get_credential", [[304, null]], { input });
  assert.deepEqual([outcome.status, outcome.data], [304, undefined]);
});

test("no error contains the token, and a token that is no header value is not sent", async (t) => {
  for (const token of ["pstn_a\nb", "pstn_a b", "", "pstn_é"]) {
    const { requests, outcome } = await send(t, "get_self", [[200, {}]], { token });
    assert.equal(requests.length, 0);
    assert.ok(outcome instanceof TypeError && (token === "" || !outcome.message.includes(token)), outcome.message);
  }
  for (const answer of [LOST, UNAVAILABLE, [502, null]]) {
    const { outcome } = await send(t, "get_self", [answer]);
    assert.ok(!`${outcome.stack} ${JSON.stringify(outcome)}`.includes(TOKEN));
  }
  assert.throws(() => createClient({ url: "https://user:password@postern.example" }), (error) => !/password@/.test(error.message));
});

test("function that returns the token is called before each attempt", async (t) => {
  let count = 0;
  const { requests } = await send(t, "get_self", [UNAVAILABLE, [200, {}]], { token: async () => `secret-${++count}` });
  assert.deepEqual(requests.map(({ headers }) => headers.get("authorization")), ["Bearer secret-1", "Bearer secret-2"]);
});

test("service binding is used before an address, and an address keeps its path", async (t) => {
  const fetched = t.mock.method(globalThis, "fetch", async () => Response.json({}));
  await createClient({ url: "https://postern.example/base/", token: TOKEN }).get_self();
  assert.equal(fetched.mock.calls[0].arguments[0], "https://postern.example/base/v1/self");
  const postern = service(() => [200, {}]);
  await createClient({ url: "https://postern.example", service: postern, token: TOKEN }).get_self();
  assert.deepEqual([fetched.mock.callCount(), postern.requests.length], [1, 1]);
  assert.throws(() => createClient({ token: TOKEN }), /address is missing/);
});

test("redirect is an error, and the token is not sent elsewhere", async () => {
  const serve = async (answer) => {
    const server = createServer(answer);
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    return { server, url: `http://127.0.0.1:${server.address().port}` };
  };
  let elsewhere = 0;
  const other = await serve((_, response) => response.end(String((elsewhere += 1))));
  const postern = await serve((_, response) => response.writeHead(307, { Location: other.url }).end());
  try {
    const client = createClient({ url: postern.url, token: TOKEN });
    await assert.rejects(client.get_self(), (error) => error instanceof PosternError && error.status === 307);
    assert.equal(elsewhere, 0);
  } finally {
    for (const { server } of [other, postern]) server.close().closeAllConnections();
  }
});

test("abort ends the request, and the wait before the next attempt, with the reason of the caller", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const hanging = service(({ signal }) => new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    controller.abort(reason);
  }));
  const signal = controller.signal;
  await assert.rejects(createClient({ service: hanging }).health({}, { signal }), reason);

  const later = new AbortController();
  const away = service(() => {
    setImmediate(() => later.abort(reason));
    return problem(503, "unavailable", { "Retry-After": "5" });
  });
  await assert.rejects(createClient({ service: away }).health({}, { signal: later.signal }), reason);
  assert.equal(away.requests.length, 1);
});

test("response that does not come in time is an error of an unreachable Postern", async () => {
  const hanging = service(({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  // The timer of a timeout does not keep the process running.
  const running = setInterval(() => {}, 1000);
  try {
    const client = createClient({ service: hanging, timeoutSeconds: 0.01, attempts: 1 });
    await assert.rejects(client.health(), (error) => error instanceof PosternError && error.isUnreachable);
  } finally {
    clearInterval(running);
  }
});
