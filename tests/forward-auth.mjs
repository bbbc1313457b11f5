// node tests/forward-auth.mjs: nginx and Caddy with the configurations of docs/FORWARD-AUTH.md, in front of a toy API and of the
// running Worker. `make test` starts the Worker and sets the variables. A proxy that is not installed is skipped, with a message.
// Prints what cargo's tests print, so that scripts/test counts them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const { POSTERN_URL: url, POSTERN_ROOT_TOKEN: root } = process.env;
if (!url || !root) throw new Error("`make test` starts the Worker and runs this");

const page = readFileSync(new URL("../docs/FORWARD-AUTH.md", import.meta.url), "utf8");
const NAMES = ["postern-tenant", "postern-principal", "postern-credential"];

async function made(path, body) {
  const headers = { authorization: `Bearer ${root}`, "content-type": "application/json" };
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}
const tenant = await made("/v1/tenants", { name: "Forward-auth", role_names: ["auditor"] });
const credential = (role, access = "none") => made(`/v1/tenants/${tenant.id}/credentials`, { name: "one", roles: [role], access });
const [verifier, right] = [await credential({ role_id: "auditor" }, "verify"), await credential({ role_id: "viewer" })];
const little = await credential({ role_id: "viewer", resource: "another" });
const identity = [tenant.id, right.principal, right.id];

/** An HTTP server on a free port, which keeps the requests that it received. */
async function recorder(answer) {
  const received = [];
  const server = http.createServer((request, response) => {
    received.push(request);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { received, server, url: `http://127.0.0.1:${server.address().port}` };
}

const api = await recorder((_, response) => response.end("the API"));
// In front of the Worker, to see what the proxy sends to it.
const postern = await recorder((request, response) => {
  const onward = http.request(url + request.url, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  request.pipe(onward);
});

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The configuration of a proxy in the document, with the addresses and the verifier of this run. */
function recipe(language, port, token) {
  const [, text] = page.match(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s"));
  const replaced = { "https://postern.example": postern.url, pstn_the_verifier: token, "http://127.0.0.1:9000": api.url, 8080: port };
  return Object.entries(replaced).reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `${from} is not in the configuration of ${language}`);
    return text.replaceAll(from, to);
  }, text);
}

const folder = mkdtempSync(join(tmpdir(), "postern-proxy."));
chmodSync(folder, 0o755);
const proxies = {
  nginx: {
    // A verifier that is not accepted, and a missing need.
    unaccepted: 500,
    needless: 500,
    command: (file) => ["-p", folder, "-c", file, "-e", join(folder, "nginx.log"), "-g", "daemon off;"],
    configuration: (text) =>
      `${process.getuid?.() === 0 ? "user root;" : ""} pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; events {}\n` +
      `http { access_log off; ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
        .join(" ")}\n${text} }`,
  },
  caddy: {
    unaccepted: 503,
    needless: 400,
    command: (file) => ["run", "--adapter", "caddyfile", "--config", file],
    configuration: (text) => `{\n\tadmin off\n\tauto_https off\n}\n${text}`,
  },
};
const languages = { nginx: "nginx", caddy: "caddyfile" };

function installed(program) {
  return process.env.PATH.split(delimiter).some((path) => {
    try {
      accessSync(join(path, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a proxy with a configuration while `what` sends requests to it. */
async function behind(name, { token = verifier.secret, edit = (text) => text }, what) {
  const port = await freePort();
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, proxies[name].configuration(edit(recipe(languages[name], port, token))));
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const proxy = spawn(name, proxies[name].command(file), { stdio: ["ignore", "pipe", "pipe"], env });
  let said = "";
  for (const stream of [proxy.stdout, proxy.stderr]) stream.on("data", (text) => (said += text));
  const ended = once(proxy, "exit");
  try {
    for (let tries = 0; !(await answers(port)); tries += 1) {
      assert.ok(tries < 100 && proxy.exitCode === null, `${name} did not start: ${said}`);
      await wait(50);
    }
    postern.received.length = api.received.length = 0;
    await what((path, headers) => send(port, path, headers));
  } finally {
    proxy.kill("SIGTERM");
    await ended;
  }
}

async function answers(port) {
  return send(port, "/", {}).then(
    () => true,
    () => false,
  );
}

/** Sends a request with these headers, exactly as they are spelled, and returns the status and the headers of the answer. */
async function send(port, path, headers) {
  const request = http.request({ host: "127.0.0.1", port, path, headers, agent: false });
  request.end();
  const [answer] = await once(request, "response");
  answer.resume();
  await once(answer, "end");
  return answer;
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

const cases = {
  "lets a request pass whose token has the needed role, and tells the upstream whose it is": (name) =>
    behind(name, {}, async (ask) => {
      assert.equal((await ask("/a?b=c", bearer(right.secret))).statusCode, 200);
      const [{ url, headers }] = api.received;
      assert.deepEqual([url, ...NAMES.map((name) => headers[name])], ["/a?b=c", ...identity]);
      assert.ok(!("postern-verifier" in headers));
    }),
  "refuses a wrong token, a missing one and one without the role, before the upstream": (name) =>
    behind(name, {}, async (ask) => {
      for (const [headers, status] of [
        [bearer("of-nobody"), 401],
        [bearer("pstn_x"), 401],
        [{}, 401],
        [bearer(little.secret), 403],
      ]) {
        const answer = await ask("/", headers);
        assert.equal(answer.statusCode, status, JSON.stringify(headers));
        assert.ok(status !== 401 || answer.headers["www-authenticate"].startsWith("Bearer"));
      }
      assert.equal(api.received.length, 0);
    }),
  "passes no forged header on, in any spelling": (name) =>
    behind(name, {}, async (ask) => {
      const forged = {};
      for (const header of [...NAMES, "postern-verifier"]) {
        const title = header.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
        for (const spelled of [header, header.replace("-", "_"), title.replace("-", "_")]) forged[spelled] = "forged";
      }
      assert.equal((await ask("/", { ...forged, ...bearer(right.secret) })).statusCode, 200);
      const [{ rawHeaders, headers }] = api.received;
      assert.ok(!rawHeaders.includes("forged"), rawHeaders.join(" "));
      assert.deepEqual(NAMES.map((name) => headers[name]), identity);
      assert.ok(!rawHeaders.some((text) => text.includes(verifier.secret)), "the verifier stays with the proxy");
      assert.equal(postern.received[0].headers["postern-verifier"], verifier.secret);
      // Nor where nothing replaces it.
      for (const token of ["of-nobody", little.secret]) await ask("/", { ...forged, ...bearer(token) });
      assert.equal(api.received.length, 1);
    }),
  "sends Postern the need of the configuration, and nothing of the client's query": (name) =>
    behind(name, {}, async (ask) => {
      for (const [token, status] of [
        [right.secret, 200],
        [little.secret, 403],
      ]) {
        const answer = await ask("/a-path?authenticated=1&any=editor&tenant=a-query", { ...bearer(token), "X-Own": "own" });
        assert.equal(answer.statusCode, status);
      }
      assert.equal(postern.received.length, 2);
      for (const { method, url, rawHeaders } of postern.received) {
        assert.deepEqual([method, url], ["GET", "/v1/authorize?all=viewer"]);
        assert.ok(!rawHeaders.some((text) => /a-query|a-path/.test(text)), rawHeaders.join(" "));
      }
    }),
  "refuses every request if its verifier is not accepted": async (name) => {
    for (const token of ["of-nobody", "pstn_x", little.secret]) {
      await behind(name, { token }, async (ask) => {
        for (const headers of [bearer(right.secret), bearer("of-nobody")]) {
          assert.equal((await ask("/", headers)).statusCode, proxies[name].unaccepted);
        }
        assert.equal(api.received.length, 0);
      });
    }
  },
  "refuses every request if its configuration has no need": (name) =>
    behind(name, { edit: (text) => text.replace("?all=viewer", "?") }, async (ask) => {
      for (const path of ["/", "/?authenticated=1", "/?all=viewer"]) {
        assert.equal((await ask(path, bearer(right.secret))).statusCode, proxies[name].needless, path);
      }
      assert.equal(api.received.length, 0);
    }),
};

let [failed, ignored, passed] = [0, 0, 0];
const all = Object.keys(proxies).length * Object.keys(cases).length;
console.log(`\n     Running tests/forward-auth.mjs\n\nrunning ${all} tests`);
for (const name of Object.keys(proxies)) {
  const present = installed(name);
  if (!present) console.log(`${name} is not installed, and scripts/setup could not get it: its tests are skipped`);
  for (const [what, test] of Object.entries(cases)) {
    if (!present) {
      ignored += 1;
      continue;
    }
    try {
      await test(name);
      passed += 1;
      console.log(`test ${name} ${what} ... ok`);
    } catch (error) {
      failed += 1;
      console.log(`test ${name} ${what} ... FAILED\n${error.stack}`);
    }
  }
}
for (const { server } of [api, postern]) server.close();
rmSync(folder, { recursive: true, force: true });
console.log(`\ntest result: ${failed ? "FAILED" : "ok"}. ${passed} passed; ${failed} failed; ${ignored} ignored; 0 measured; 0 filtered out`);
process.exit(failed ? 1 : 0);
