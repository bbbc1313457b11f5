// The client and the middleware with the built Worker, and the examples of README.md.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { PosternError, createClient } from "../src/client.js";
import { createVerifier } from "../src/middleware.js";
import { start } from "./worker.mjs";

let postern;
before(async () => {
  postern = await start({ bound: 300 });
});
after(() => postern?.stop());

/** A service whose database fails in the first request, as tests/faults/front.mjs describes. */
function failingOnce(faults) {
  const sent = [];
  return {
    sent,
    fetch(url, { headers, ...init }) {
      const given = new Headers(headers);
      if (sent.length === 0) given.set("x-fault-for-tests", JSON.stringify(faults));
      sent.push(given);
      return fetch(postern.url + new URL(url).pathname, { ...init, headers: given });
    },
  };
}
const LOST = "Network connection lost.";
const OVERLOADED = "D1 DB is overloaded. Requests queued for too long.";

test("creation whose response is lost is sent again under its key, and creates one credential whose secret is valid", async () => {
  const { tenant, root, client } = postern;
  const service = failingOnce([{ after: LOST }]);
  const body = { name: "made once", roles: null };
  const { data } = await createClient({ service, token: root }).create_credential({ tenant, body });
  assert.equal(service.sent.length, 2);
  const { data: { items } } = await client.list_credentials({ tenant, name_prefix: "made once" });
  assert.deepEqual(items.map(({ id }) => id), [data.id]);
  assert.equal((await client.verify({ body: { token: data.secret } })).data.active, true);
});

test("change whose response is lost is not sent again, and is reported as unknown", async () => {
  const { tenant, root, client } = postern;
  const { id } = await postern.credential();
  const service = failingOnce([{ after: LOST }]);
  const renaming = createClient({ service, token: root }).update_credential({ tenant, credential: id, body: { name: "renamed" } });
  await assert.rejects(renaming, ({ code, isOutcomeUnknown }) => code === "outcome_unknown" && isOutcomeUnknown);
  assert.equal(service.sent.length, 1);
  assert.equal((await client.get_credential({ tenant, credential: id })).data.name, "renamed");
});

test("change that the database did not get is sent again, and made once", async () => {
  const { tenant, root } = postern;
  const { id, revision } = await postern.credential();
  const service = failingOnce([{ before: OVERLOADED }]);
  const { data } = await createClient({ service, token: root }).update_credential({ tenant, credential: id, body: { name: "renamed" } });
  assert.deepEqual([service.sent.length, data.revision], [2, revision + 1]);
});

test("error has the code, the violations and the id of the request", async () => {
  const { tenant, client } = postern;
  const { id: credential } = await postern.credential();
  const body = { name: "", principal: "00000000000000000000000000", enabled: true, access: "none", expires_at: null };
  const error = await client.replace_credential({ tenant, credential, body }).catch((error) => error);
  assert.ok(error instanceof PosternError);
  assert.deepEqual([error.status, error.code], [422, "invalid"]);
  assert.deepEqual(error.violations.map(({ pointer }) => pointer).sort(), ["/name", "/roles"]);
  assert.ok(error.requestId);
});

test("read that matches its ETag is 304, and a form logs in", async () => {
  const { tenant, client } = postern;
  const { id, secret } = await postern.credential();
  const { headers } = await client.get_credential({ tenant, credential: id });
  const again = await client.get_credential({ tenant, credential: id, "If-None-Match": headers.get("etag") });
  assert.deepEqual([again.status, again.data], [304, undefined]);
  const body = { grant_type: "client_credentials", client_id: `client_${id}`, client_secret: secret };
  const { data: { access_token } } = await client.log_in({ body });
  assert.equal((await createClient({ url: postern.url, token: access_token }).get_self()).data.id, id);
  await client.delete_credential({ tenant, credential: id });
});

test("identity is that of the credential, and is remembered only while its tenant allows it", async () => {
  const { tenant, client, url } = postern;
  const { secret: token } = await postern.credential({ access: "verify" });
  const { id, secret, principal } = await postern.credential({ name: "caller" });
  const request = new Request("https://api.example/", { headers: { authorization: `Bearer ${secret}` } });
  for (const [maxStalenessSeconds, isRemembered] of [[300, true], [0, false]]) {
    let asked = 0;
    const service = { fetch: (to, init) => ((asked += 1), fetch(url + new URL(to).pathname, init)) };
    const verify = createVerifier({ service, token });
    for (let count = 0; count < 2; count++) {
      const identity = await verify(request, { needs: { all: [{ role_id: "viewer" }] }, maxStalenessSeconds });
      assert.deepEqual([identity.tenant, identity.credential, identity.principal, identity.name], [tenant, id, principal, "caller"]);
      assert.ok(identity.secret.id && identity.expires_at === null && identity.access === "none" && identity.roles.length === 1);
    }
    assert.equal(asked, isRemembered ? 1 : 2);
  }
  await client.revoke_credential({ tenant, credential: id, body: {} });
  const verify = createVerifier({ url, token });
  await assert.rejects(verify(request, { needs: null, maxStalenessSeconds: 0 }), { status: 401 });
});

test("needs that name no role are refused by Postern, so no token is accepted", async () => {
  const { secret: token } = await postern.credential({ access: "verify" });
  const { secret } = await postern.credential({ roles: null });
  const verify = createVerifier({ url: postern.url, token });
  const request = new Request("https://api.example/", { headers: { authorization: `Bearer ${secret}` } });
  for (const needs of [{}, [], { all: [] }, { any: [] }, { all: undefined }, { every: [{ role_id: "viewer" }] }]) {
    await assert.rejects(verify(request, { needs }), { status: 503 }, JSON.stringify(needs));
  }
});

test("examples of the README do what they say", async (t) => {
  const readme = readFileSync("packages/client/README.md", "utf8");
  const [client, hono, plain] = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
  const load = (name, code) => {
    // Below the root, so that packages are found.
    mkdirSync("target/client-readme", { recursive: true });
    writeFileSync(`target/client-readme/${name}.mjs`, code);
    return import(pathToFileURL(`target/client-readme/${name}.mjs`));
  };
  const { secret: own } = await postern.credential({ access: "verify" });
  const { secret } = await postern.credential();
  Object.assign(process.env, { POSTERN_URL: postern.url, POSTERN_TOKEN: postern.root, POSTERN_TENANT: postern.tenant });
  const logged = t.mock.method(console, "log", () => {});
  await load("client", client);
  assert.deepEqual(logged.mock.calls.map(({ arguments: texts }) => texts), [[412, "stale"]]);
  logged.mock.restore();

  process.env.POSTERN_TOKEN = own;
  const { default: app } = await load("hono", hono);
  const { handle } = await load("plain", plain);
  const env = { POSTERN_URL: postern.url, POSTERN_TOKEN: own };
  const ask = (path, token) => [path, { headers: { authorization: `Bearer ${token}` } }];
  for (const [token, status] of [[secret, 200], [`${secret}x`, 401]]) {
    assert.equal((await app.request(...ask("/reports", token), env)).status, status);
    assert.equal((await handle(new Request(...ask("https://api.example/", token)))).status, status);
  }
});
