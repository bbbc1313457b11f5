// node tests/dev.mjs URL SETTINGS
//
// `make dev` comes up whatever was done to its demo data: this does each of it, makes the data again, and sends what
// `make dev` prints. It also checks that `make dev` passes every setting of a .dev.vars file to the Worker, and none as an argument.
import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";

const [url, settings] = process.argv.slice(2);
const root = parseEnv(readFileSync(settings, "utf8")).POSTERN_ROOT_TOKEN;
const folder = mkdtempSync(join(tmpdir(), "postern-dev."));

async function send(method, path, body, token = root, headers = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

async function done(...request) {
  const { status, body } = await send(...request);
  assert.ok(status < 300, `${request[0]} ${request[1]}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Makes the data, or fails with what the script printed. */
function make() {
  execFileSync("node", ["scripts/dev-data.mjs", url, folder, settings], { stdio: ["ignore", "ignore", "inherit"] });
  return JSON.parse(readFileSync(join(folder, "kept.json"), "utf8"));
}

const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
function idOf(guid) {
  const bits = BigInt(`0x${guid.replaceAll("-", "")}`);
  return Array.from({ length: 26 }, (_, at) => LETTERS[Number((bits >> BigInt(125 - 5 * at)) & 31n)]).join("");
}

const tenant = ({ postern }) => `/v1/tenants/${postern.tenant_id}`;
const credentials = (kept) =>
  [kept.coactive.client_id.slice(7), kept.admin.client_id.slice(7), idOf(kept.litegraph.credential_guid), kept.keycard.credential_id].map(
    (id) => `${tenant(kept)}/credentials/${id}`,
  );

/** What is done to each credential. */
const toCredentials = {
  revoked: (path) => done("POST", `${path}/revoke`),
  disabled: (path) => done("PATCH", path, { enabled: false }),
  deleted: (path) => done("DELETE", path),
  expired: (path) => done("PATCH", path, { expires_at: "2001-02-03T04:05:06Z" }),
  "rotated at once": (path) => done("POST", `${path}/rotate`, { grace_seconds: 0 }),
  "being rotated": (path) => done("POST", `${path}/rotate`, { grace_seconds: 600 }),
  "without access": (path) => done("PATCH", path, { access: "none" }),
  "without roles": (path) => done("PATCH", path, { roles: [{ role_id: "viewer", resource: "d" }] }),
  renamed: (path) => done("PATCH", path, { name: "renamed" }),
  "moved to an account that is then disabled": async (path) => {
    const accounts = `${path.split("/credentials")[0]}/principals`;
    const account = await done("POST", accounts, { name: "another" });
    await done("PATCH", path, { principal: account.id });
    await done("PATCH", `${accounts}/${account.id}`, { enabled: false });
  },
};
/** And to what they belong to. The last ends the tenant with the id of all zeros; another one then has its label. */
const toOthers = {
  "the account deleted": (kept) => done("DELETE", `${tenant(kept)}/principals/${kept.keycard.service_account_id}`),
  "the token of the documentation": (kept) => {
    const { tenant_guid, credential_guid, user_guid } = kept.litegraph;
    const update = { UserGUID: user_guid, Name: "Updated credential", BearerToken: "default", Active: true };
    return done("PUT", `/v1.0/tenants/${tenant_guid}/credentials/${credential_guid}`, update);
  },
  "the tenant disabled, renamed, without roles, and If-Match required": (kept) =>
    done("PATCH", tenant(kept), { enabled: false, name: "Another", rbac: false, require_if_match: true }),
  "all credentials disabled meanwhile": async (kept) => {
    for (const path of credentials(kept)) await done("PATCH", path, { enabled: false }, root, { "if-match": "*" });
  },
  "the tenant deleted": (kept) => done("DELETE", `${tenant(kept)}?force=true`),
};

/** What is printed: each update is made, by the admin, and each secret is accepted. */
async function check(what, { admin, coactive, litegraph, keycard }) {
  const put = { UserGUID: litegraph.user_guid, Name: "Updated credential", BearerToken: litegraph.bearer_token, Active: true };
  const account = `/organizations/${keycard.organization_id}/service-accounts/${keycard.service_account_id}`;
  for (const [method, path, body] of [
    ["PUT", `/api/v1/auth-management/clients/${coactive.client_id}`, { name: "My OAuth Client", roles: [{ role_id: "admin" }] }],
    ["PUT", `/v1.0/tenants/${litegraph.tenant_guid}/credentials/${litegraph.credential_guid}`, put],
    ["PATCH", `${account}/credentials/${keycard.credential_id}`, { name: "name", description: "description" }],
  ]) {
    const { status } = await send(method, path, body, admin.client_secret, { "if-match": "*" });
    assert.equal(status, 200, `${what}: ${method} ${path}`);
  }
  for (const token of [coactive.client_secret, litegraph.bearer_token, keycard.client_secret]) {
    assert.equal((await done("POST", "/v1/verify", { token })).active, true, what);
  }
}

try {
  const file = join(folder, "settings");
  writeFileSync(file, "# a comment\nPOSTERN_ROOT_TOKEN='a'\nexport POSTERN_SHARD=5\n POSTERN_TOKEN_PREFIX = \"a_\" # ours\r\nPOSTERN_X=b=:==\nPOSTERN_LAST='c'");
  const bash = (script) => execFileSync("bash", ["-c", `source scripts/lib.sh; ${script}`], { encoding: "utf8" });
  const passed = bash(`settings "${file}"`);
  const expected = ["POSTERN_ROOT_TOKEN:a", "POSTERN_SHARD:5", "POSTERN_TOKEN_PREFIX:a_", "POSTERN_X:b=:==", "POSTERN_LAST:c", ""];
  assert.deepEqual(passed.split("\0").sort(), expected.sort());

  const [config, log] = ["config.json", "log"].map((name) => join(folder, name));
  const key = "0123456789abcdef".repeat(4);
  writeFileSync(file, `POSTERN_ROOT_TOKEN="${root}"\nPOSTERN_MASTER_KEY_PREVIOUS="${key}"\nPOSTERN_SHARD="5"\n`);
  bash(`dev_config_file="${config}"; exec_wrangler() { printf '%s\\n' "$@"; }; wait_for_worker() { wait; }
    start_worker 1 "${folder}/state" "${file}" "${log}"`);
  const given = readFileSync(log, "utf8");
  assert.ok(given.includes(`--config\n${config}\n`) && given.includes(`--env-file\n${file}\n`), given);
  assert.ok(!given.includes(key) && !given.includes("POSTERN_"), given);
  const { secrets, main, vars } = JSON.parse(readFileSync(config, "utf8"));
  assert.equal(vars.POSTERN_ISSUER, "http://127.0.0.1:1");
  assert.deepEqual(secrets.required.sort(), ["POSTERN_MASTER_KEY_PREVIOUS", "POSTERN_ROOT_TOKEN", "POSTERN_SHARD"]);
  assert.equal(main, "build/index.js");

  const first = make();
  await check("nothing done", first);
  assert.deepEqual(make(), first, "what works is kept");
  let count = 0;
  for (const [what, act] of Object.entries(toCredentials)) {
    for (const path of credentials(make())) await act(path);
    await check(what, make());
    count += 1;
  }
  for (const [what, act] of Object.entries(toOthers)) {
    await act(make());
    await check(what, make());
    count += 1;
  }
  console.log(`make dev comes up after each of ${count} things that were done to its data`);
} finally {
  rmSync(folder, { recursive: true });
}
