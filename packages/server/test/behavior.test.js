// How the program behaves at its edges: secrets, errors, exit codes, retries.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { startRecorder } from "./recorder.mjs";
import { MAIN, ROOT, execute, folder, postern, startService } from "./service.mjs";

let service, recorder, tenant, env;
before(async () => {
  service = await startService();
  recorder = await startRecorder(service.url);
  tenant = await service.tenant();
  env = { POSTERN_URL: recorder.url, POSTERN_TOKEN: tenant.admin.secret, POSTERN_TENANT: tenant.id };
});
beforeEach(() => recorder.clear());
after(async () => {
  recorder.stop();
  await service.stop();
});

const run = (args, options = {}) => postern(args.split(" "), { env, ...options });
const ID = "0".repeat(26);
const CREATE = "credentials create --name bot --role viewer";
const ids = () => recorder.requests.map(({ id }) => id);

test("a secret in an argument is refused, not sent and not printed", async () => {
  const { secret } = tenant.admin;
  for (const args of [
    ["verify", secret],
    ["verify", `--from=${secret}`],
    [`--token=${secret}`, "self", "show"],
    ["credentials", "create", "--name", ROOT],
    [secret],
  ]) {
    const { code, stdout, stderr } = await postern(args, { env });
    assert.equal(code, 2);
    assert.match(stderr, /An argument is a secret/);
    for (const part of [secret, ROOT]) assert.ok(!(stdout + stderr).includes(part.slice(-20)));
  }
  // Not in the form of Postern's.
  const { code, stderr } = await run("self show --token=chosen-by-a-client");
  assert.equal(code, 2);
  assert.equal(stderr, "error: unknown option '--token'\n");
  assert.deepEqual(recorder.requests, []);
});

test("a new secret without a terminal needs --out or --json, before anything is created", async () => {
  for (const args of [
    CREATE,
    `credentials rotate ${tenant.admin.id} --grace-seconds 60`,
    `oauth log-in --client-id client_${tenant.admin.id}`,
    "self rotate --grace-seconds 1h",
  ]) {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 2, args);
    assert.equal(stdout, "");
    assert.match(stderr, /--out FILE/);
  }
  assert.deepEqual(recorder.requests, []);
});

test("--out keeps the secret in a new file that only its owner can read, and prints it nowhere", async (t) => {
  const out = `${folder(t)}/secret`;
  for (const more of [[], ["--json"]]) {
    const file = `${out}${more.length}`;
    const { code, stdout, stderr } = await postern([...CREATE.split(" "), "--out", file, ...more], { env });
    assert.equal(code, 0, stderr);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const secret = readFileSync(file, "utf8");
    assert.match(secret, /^pstn_\S+\n$/);
    assert.ok(!(stdout + stderr).includes(secret.trim()));
    const { json } = recorder.requests.at(-1);
    assert.deepEqual(json, { name: "bot", roles: [{ role_id: "viewer" }] });
    const self = await postern(["self", "show", "--token-file", file, "--json"], { env });
    assert.equal(JSON.parse(self.stdout).name, "bot");
  }
});

test("an existing file is never overwritten, and a refused request leaves no file", async (t) => {
  const out = `${folder(t)}/secret`;
  writeFileSync(out, "precious");
  const taken = await run(`${CREATE} --out ${out}`);
  assert.equal(taken.code, 2);
  assert.equal(readFileSync(out, "utf8"), "precious");
  assert.deepEqual(recorder.requests, []);
  const refused = await run(`${CREATE} --principal ${"1".repeat(26)} --out ${out}2`);
  assert.equal(refused.code, 1);
  assert.ok(!existsSync(`${out}2`));
});

test("the token comes from a file, the environment or standard input, in one line", async (t) => {
  const file = `${folder(t)}/token`;
  writeFileSync(file, `${tenant.admin.secret}\n`);
  const { POSTERN_TOKEN, ...without } = env;
  assert.equal((await run(`self show --token-file ${file}`, { env: without })).code, 0);
  assert.equal((await run("self show --token-file -", { env: without, input: `${tenant.admin.secret}\n` })).code, 0);
  recorder.clear();
  for (const [args, options] of [
    ["self show", { env: without }],
    ["self show --token-file /no/such/file", {}],
    ["self show --token-file -", { input: "" }],
    ["self show --token-file -", { input: "one\ntwo\n" }],
    ["self show", { env: { ...env, POSTERN_TOKEN: "with space" } }],
    ["verify --token-file - --from -", { input: "x" }],
  ]) {
    const { code, stdout } = await run(args, options);
    assert.deepEqual([code, stdout], [2, ""], args);
  }
  assert.deepEqual(recorder.requests, []);
});

test("what the service refuses is exit code 1, with each violation on a line that names the flag", async () => {
  const refused = await postern(
    ["credentials", "create", "--json", "--name", "", "--role", "unknown", "--expires-at", "2999-01-01"],
    { env },
  );
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^error: Validation failed \(422 invalid\)$/m);
  assert.match(refused.stderr, /^ {2}--name \(\/name\): /m);
  assert.match(refused.stderr, /^ {2}--role, --no-roles, --full-access \(\/roles\/0\/role_id\): /m);
  assert.match(refused.stderr, /^ {2}--expires-at, --clear-expires-at \(\/expires_at\): /m);
  // For programs.
  assert.equal(JSON.parse(refused.stdout).code, "invalid");
  const query = await run("credentials list --limit 1000");
  assert.equal(query.code, 1);
  assert.match(query.stderr, /^ {2}--limit \(limit\): /m);
});

test("a token that is not valid, or not allowed, is exit code 1", async () => {
  const { secret } = await tenant.credential();
  for (const [args, input, expected] of [
    ["verify", secret, 0],
    ["verify --all admin", secret, 1],
    ["verify", "unknown", 1],
    ["verify batch", `${secret}\n${secret}\n`, 0],
    ["verify batch", `${secret}\nunknown\n`, 1],
    ["verify batch --all admin", `${secret}\n`, 1],
    ["authorize --all viewer", secret, 0],
    ["authorize --all admin", secret, 1],
    ["authorize --authenticated", "unknown", 1],
    ["oauth introspect", secret, 0],
    ["oauth introspect", "unknown", 1],
  ]) {
    const { code, stdout, stderr } = await run(args, { input });
    assert.equal(code, expected, `${args}: ${stdout}${stderr}`);
    assert.ok(!(stdout + stderr).includes(secret));
  }
});

test("wrong use is exit code 2, without a request", async () => {
  for (const args of [
    "",
    "credentials",
    "no-such-command",
    "credentials show",
    `credentials show ${ID} ${ID}`,
    `credentials update ${ID} --no-such-flag`,
    "credentials list --sort up",
    "credentials create --expires-at soon",
    "credentials show ..",
    "credentials delete . --yes",
    `credentials list --tenant ..`,
    `credentials show ${ID} --if-match \u00e9`,
    "credentials revoke",
    `credentials revoke ${ID} --unused-since 90d`,
    `credentials revoke ${ID} --dry-run`,
    "credentials revoke --name-prefix a --body -",
    "credentials revoke --name-prefix a --concurrency 0",
    `credentials update ${ID} --body -`,
    `credentials delete ${ID}`,
    `tenants delete ${ID} --force`,
    "self revoke",
    "health --url http://postern.example",
    "completion tcsh",
  ]) {
    const { code, stdout, stderr } = await postern(args.split(" ").filter(Boolean), { env, input: "[]" });
    assert.deepEqual([code, stdout], [2, ""], args);
    assert.notEqual(stderr, "", args);
  }
  assert.deepEqual(recorder.requests, []);
  const version = readFileSync("Cargo.toml", "utf8").match(/^version = "(.*)"$/m)[1];
  assert.equal((await run("--version")).stdout, `${version}\n`);
  assert.equal((await run("credentials rotate finish --help")).code, 0);
});

test("a service that cannot be reached or is away is exit code 3", async () => {
  recorder.stop();
  const { url } = recorder;
  assert.equal((await run("health", { env: { ...env, POSTERN_URL: url } })).code, 3);
  recorder = await startRecorder(service.url);
  env.POSTERN_URL = recorder.url;
  recorder.answer = () => ({
    status: 503,
    json: { title: "The database is unavailable.", code: "unavailable", status: 503 },
    headers: { "retry-after": "0" },
  });
  const away = await run("self show");
  assert.equal(away.code, 3);
  assert.match(away.stderr, /The database is unavailable/);
  recorder.answer = () => ({ status: 502, body: "<html>\u001b[2J" });
  const proxy = await run("self show");
  assert.equal(proxy.code, 3);
  assert.ok(!proxy.stderr.includes("\u001b"));
  for (const body of ["<html>", "null", "[1", "7", '{"items":1}']) {
    recorder.answer = () => ({ status: 200, body });
    assert.equal((await run("credentials list")).code, 3, body);
  }
  recorder.answer = () => ({ status: 302, headers: { location: "https://example.com/" } });
  assert.equal((await run("self show")).code, 3);
});

/** The statuses of requests until the service itself answers. */
const failing =
  (...answers) =>
  () => {
    const next = answers.shift();
    return typeof next === "number"
      ? {
          status: next,
          json: { title: "no", code: next === 503 ? "outcome_unknown" : "other", status: next },
          headers: { "retry-after": "0" },
        }
      : next;
  };

test("a creation whose response was lost is repeated with the same Idempotency-Key, and made once", async () => {
  for (const answer of ["lose", 503]) {
    recorder.clear();
    recorder.answer = failing(answer, answer);
    const name = `once-${answer}`;
    const { code, stdout, stderr } = await run(`credentials create --name ${name} --role viewer --json`);
    assert.equal(code, 0, stderr);
    const keys = recorder.requests.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 1);
    assert.match(keys[0], /^[0-9a-f-]{36}$/);
    const { items } = await service.api("GET", `${tenant.path}/credentials?name_prefix=${name}`);
    assert.deepEqual(
      items.map(({ id }) => id),
      [JSON.parse(stdout).id],
    );
  }
});

test("the key of an unknown outcome is printed, and with it the same command gets the secret", async () => {
  recorder.answer = failing("lose", "lose", "lose");
  const lost = await run("credentials create --name kept --role viewer --json");
  assert.equal(lost.code, 3);
  const [, key] = /--idempotency-key (\S+)/.exec(lost.stderr);
  recorder.clear();
  const again = await run(`credentials create --name kept --role viewer --json --idempotency-key ${key}`);
  assert.equal(again.code, 0);
  assert.match(JSON.parse(again.stdout).secret, /^pstn_/);
  const { items } = await service.api("GET", `${tenant.path}/credentials?name_prefix=kept`);
  assert.equal(items.length, 1);
});

test("a change without a key is sent again only if the service reports that nothing was changed", async () => {
  const { id } = await tenant.credential();
  const change = `credentials update ${id} --name renamed`;
  for (const answer of ["lose", 503, 500, 429, 409]) {
    recorder.clear();
    recorder.answer = failing(answer);
    assert.notEqual((await run(change)).code, 0);
    assert.equal(recorder.requests.length, 1, String(answer));
  }
  recorder.clear();
  recorder.answer = (request, { length }) =>
    length < 3 && { status: 503, json: { title: "away", code: "unavailable", status: 503 }, headers: { "retry-after": "0" } };
  assert.equal((await run(change)).code, 0);
  assert.equal(recorder.requests.length, 3);
});

test("without a tenant, the caller's is used; root must name one", async () => {
  const { POSTERN_TENANT, ...without } = env;
  const { code, stdout } = await run("credentials list", { env: without });
  assert.equal(code, 0);
  assert.ok(stdout.includes(tenant.admin.id));
  assert.deepEqual(ids(), ["get_self", "list_credentials"]);
  const root = await run("credentials list", { env: { ...without, POSTERN_TOKEN: ROOT } });
  assert.equal(root.code, 2);
  assert.match(root.stderr, /--tenant ID/);
});

test("a list has every page, unless a page is asked for", async () => {
  const many = await service.tenant();
  for (let count = 0; count < 4; count++) await Promise.all(Array.from({ length: 30 }, () => many.credential()));
  const own = { env: { ...env, POSTERN_TENANT: many.id, POSTERN_TOKEN: many.admin.secret } };
  const all = await run("credentials list --json", own);
  const { items, next } = JSON.parse(all.stdout);
  assert.deepEqual([items.length, next], [121, null]);
  assert.equal((await run("credentials list", own)).stdout.split("\n").length, 123);
  const page = JSON.parse((await run("credentials list --json --limit 10 --sort -created", own)).stdout);
  assert.equal(page.items.length, 10);
  const second = JSON.parse((await run(`credentials list --json --limit 10 --sort -created --cursor ${page.next}`, own)).stdout);
  assert.equal(new Set([...page.items, ...second.items].map(({ id }) => id)).size, 20);
});

test("what `show --json` prints is a body that `replace` takes", async () => {
  const { id } = await tenant.credential({ metadata: { a: "b" } });
  const { stdout } = await run(`credentials show ${id} --json`);
  const { code, stderr } = await run(`credentials replace ${id} --body - --name replaced`, { input: stdout });
  assert.equal(code, 0, stderr);
  const now = await tenant.read(id);
  assert.deepEqual([now.name, now.metadata], ["replaced", { a: "b" }]);
});

test("hostile names of a list do not reach the terminal as they are", async () => {
  const hostile = "\u001b]0;title\u0007\u009b2J\nadmin\u202e";
  const item = {
    id: hostile,
    name: hostile,
    enabled: true,
    revoked_at: null,
    roles: [{ role_id: hostile }],
    access: hostile,
    expires_at: null,
    last_used_at: null,
  };
  recorder.answer = () => ({ status: 200, json: { items: [item], next: null } });
  const { code, stdout } = await run("credentials list");
  assert.equal(code, 0);
  assert.equal(stdout.split("\n").length, 3);
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  const { stdout: json } = await run("credentials list --json");
  assert.doesNotMatch(json.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.equal(JSON.parse(json).items[0].name, hostile);
});

test("a revision is enough for a precondition", async () => {
  const { id } = await tenant.credential();
  assert.equal((await run(`credentials update ${id} --name two --if-match 1`)).code, 0);
  assert.equal((await run(`credentials update ${id} --name three --if-match 1`)).code, 1);
  assert.equal((await tenant.read(id)).name, "two");
  const unchanged = await run(`credentials show ${id} --if-none-match 2`);
  assert.deepEqual([unchanged.code, unchanged.stdout], [0, ""]);
});

test("a dry run says what widens, and changes nothing", async () => {
  const { id } = await tenant.credential();
  const { code, stdout } = await run(`credentials update ${id} --full-access --dry-run`);
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}roles: viewer -> full access$/m);
  assert.match(stdout, /This WIDENS access/);
  assert.equal((await tenant.read(id)).revision, 1);
  assert.match((await run(`credentials update ${id} --no-roles --dry-run`)).stdout, /This does not widen access/);
});

test("bash completes with the script that the program prints", async (t) => {
  const bin = `${folder(t)}/bin`;
  mkdirSync(bin);
  writeFileSync(`${bin}/postern`, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const { stdout: script } = await run("completion bash");
  const shell = `${script}\nCOMP_WORDS=(postern credentials rev) COMP_CWORD=2\n_postern\necho "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await execute("bash", ["-c", shell], { env: { PATH: `${bin}:${process.env.PATH}` } });
  assert.equal(stdout, "revoke\n", stderr);
});
