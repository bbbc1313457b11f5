// The example as its configuration and setup.mjs describe it, with the built Postern: by a service binding, and by HTTP.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { parseEnv } from "node:util";
import { build } from "esbuild";
import { start } from "../../packages/client/test/worker.mjs";

const { unstable_readConfig: readConfig } = createRequire(import.meta.url)("wrangler");
const HERE = "examples/protected-api";
/** The bound of the tenant, in seconds: less than that of the routes. */
const BOUND = 3;

const folder = mkdtempSync(`${tmpdir()}/postern-example.`);
const read = (file) => readFileSync(`${folder}/${file}`, "utf8");
const tokenOf = (name) => read(`.dev/${name}`).match(/Bearer (\S+)/)[1];
let postern, proxy, apis;

/** Runs setup.mjs as `npm start` does, with demo data. */
const setUp = () => execFileSync(process.execPath, [`${process.cwd()}/${HERE}/setup.mjs`, "demo.json"], { cwd: folder, encoding: "utf8" });

/** The Worker that a configuration describes. */
function worker(name, script, file, vars) {
  const config = readConfig({ config: `${HERE}/${file}` }, { hideWarnings: true });
  const services = config.services ?? [];
  const { name: deployed } = readConfig({ config: "wrangler.toml" }, { hideWarnings: true });
  assert.ok(services.every(({ service }) => service === deployed));
  assert.ok(config.main.endsWith("/src/index.js"));
  const { POSTERN_TOKEN } = parseEnv(read(".dev.vars"));
  return {
    name,
    modules: [{ type: "ESModule", path: "index.js", contents: script }],
    compatibilityDate: config.compatibility_date,
    serviceBindings: Object.fromEntries(services.map(({ binding, service }) => [binding, service])),
    bindings: { ...config.vars, ...vars, POSTERN_TOKEN },
  };
}

/** A way to Postern that can be cut. */
async function cuttable(url) {
  const state = { isCut: false };
  const server = createServer((request, response) => {
    if (state.isCut) return request.socket.destroy();
    const { method, url: path, headers } = request;
    const forwarded = send(url + path, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { state, url: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) };
}

before(async () => {
  postern = await start({ bound: BOUND });
  const { secret: admin_token } = await postern.credential({ access: "admin" });
  writeFileSync(`${folder}/demo.json`, JSON.stringify({ url: postern.url, admin_token, postern: { tenant_id: postern.tenant } }));
  setUp();
  proxy = await cuttable(postern.url);
  const bundle = await build({ entryPoints: [`${HERE}/src/index.js`], bundle: true, format: "esm", write: false });
  const [{ text: script }] = bundle.outputFiles;
  const names = ["binding", "http"];
  const addresses = await postern.add([
    worker("binding", script, "wrangler.jsonc"),
    worker("http", script, "wrangler.http.jsonc", { POSTERN_URL: proxy.url }),
  ]);
  apis = Object.fromEntries(names.map((name, at) => [name, addresses[at]]));
});
after(async () => {
  await postern?.stop();
  proxy?.close();
  rmSync(folder, { recursive: true });
});

const ask = (api, token, method = "GET") =>
  fetch(`${apis[api]}/reports/1`, { method, headers: token ? { authorization: `Bearer ${token}` } : {} });

for (const api of ["binding", "http"]) {
  test(`${api}: token with the role is accepted, without it is 403, and an invalid one or none is 401`, async () => {
    assert.equal((await fetch(apis[api])).status, 200);
    const report = await ask(api, tokenOf("viewer"));
    assert.deepEqual([report.status, await report.json()], [200, { report: "1", reader: "protected-api: viewer" }]);
    const viewer = tokenOf("viewer");
    for (const [token, method, status, challenge] of [
      [tokenOf("editor"), "GET", 200],
      [tokenOf("editor"), "DELETE", 204],
      [viewer, "DELETE", 403, 'Bearer realm="api", error="insufficient_scope"'],
      [tokenOf("nobody"), "GET", 403, 'Bearer realm="api", error="insufficient_scope"'],
      [`${viewer}x`, "GET", 401, 'Bearer realm="api", error="invalid_token"'],
      [postern.root, "GET", 401, 'Bearer realm="api", error="invalid_token"'],
      [undefined, "GET", 401, 'Bearer realm="api"'],
    ]) {
      const answer = await ask(api, token, method);
      assert.deepEqual([answer.status, answer.headers.get("www-authenticate")], [status, challenge ?? null], `${method} ${status}`);
    }
  });

  test(`${api}: token is verified once within the bound, and each time where the bound is 0`, async () => {
    let took;
    do {
      const { secret } = await postern.credential();
      const [before, sent] = [await postern.verifications(), Date.now()];
      for (let count = 0; count < 3; count++) assert.equal((await ask(api, secret)).status, 200);
      took = Date.now() - sent;
      // Otherwise this machine was too busy.
      if (took < 1000 * BOUND) assert.equal((await postern.verifications()) - before, 1);
    } while (took >= 1000 * BOUND);
    const before = await postern.verifications();
    for (let count = 0; count < 3; count++) assert.equal((await ask(api, tokenOf("editor"), "DELETE")).status, 204);
    assert.equal((await postern.verifications()) - before, 3);
  });

  test(`${api}: revoked token is refused from the time that the revocation states, and immediately where the bound is 0`, async () => {
    const { tenant, client } = postern;
    const { id, secret } = await postern.credential({ roles: [{ role_id: "editor" }] });
    assert.equal((await ask(api, secret)).status, 200);
    const { headers } = await client.revoke_credential({ tenant, credential: id, body: {} });
    assert.equal((await ask(api, secret, "DELETE")).status, 401);
    const end = Date.parse(headers.get("postern-effective-by"));
    // It asks while tokens may be accepted, and then three times past the bound.
    for (let past = 0; past < 3; ) {
      const sent = Date.now();
      const { status } = await ask(api, secret);
      assert.ok(status === 401 || (status === 200 && sent <= end), `${status}, sent ${sent - end} ms after the bound`);
      if (sent > end) past += 1;
      await wait(100);
    }
  });
}

test("http: while Postern is away, a token that was verified is accepted until the bound, then no token is", async () => {
  const { secret } = await postern.credential();
  const { secret: other } = await postern.credential();
  const verified = Date.now();
  assert.equal((await ask("http", secret)).status, 200);
  const answered = Date.now();
  proxy.state.isCut = true;
  try {
    assert.equal((await ask("http", other)).status, 503);
    let status;
    do {
      const sent = Date.now();
      status = (await ask("http", secret)).status;
      const [least, most] = [sent - answered, Date.now() - verified].map((age) => age / 1000);
      if (most < BOUND) assert.equal(status, 200);
      else if (least > BOUND) assert.equal(status, 503);
      else assert.ok([200, 503].includes(status));
      await wait(50);
    } while (status === 200);
    assert.equal((await ask("http", undefined)).status, 401);
  } finally {
    proxy.state.isCut = false;
  }
  assert.equal((await ask("http", secret)).status, 200);
});

test("setup writes secrets to files that only their owner can read, prints none, and keeps those that work", async () => {
  const files = [".dev.vars", ".dev/viewer", ".dev/editor", ".dev/nobody"];
  for (const file of files) assert.equal(statSync(`${folder}/${file}`).mode & 0o777, 0o600, file);
  const kept = files.map(read);
  assert.doesNotMatch(setUp(), /pstn_/);
  assert.deepEqual(files.map(read), kept);
});

test("setup allows the tenant ten seconds, unless it allows another number already", async () => {
  const { tenant, client } = postern;
  const allowed = async () => (await client.get_tenant({ tenant })).data.verify_staleness_seconds;
  assert.equal(await allowed(), BOUND);
  await client.update_tenant({ tenant, body: { verify_staleness_seconds: 0 } });
  setUp();
  assert.equal(await allowed(), 10);
});
