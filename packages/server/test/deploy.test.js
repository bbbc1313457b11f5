// `postern deploy`, `migrate` and `master-key --remote`, with a stand-in for the account (account.mjs).
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { parseEnv } from "node:util";
import { ADDRESS, startAccount } from "./account.mjs";
import { INSTALLED, as, changed, files, installed, newer, pack, run, text, workFolder } from "./package.mjs";
import { execute } from "./service.mjs";
import { calls, inAccount, recordWrangler } from "./wrangler.mjs";

let work, tarball;
before(async () => {
  work = workFolder();
  tarball = await pack(work);
});
after(() => rmSync(work, { recursive: true, force: true }));

/** Installs the package into a new folder, with an account of its own. `postern` runs there. */
async function start(test, name) {
  const account = await startAccount();
  test.after(() => account.stop());
  const folder = await installed(`${work}/${name}`, tarball);
  recordWrangler(folder);
  const account_ = { ...inAccount(account, folder), POSTERN_TEST_QUICK: "yes" };
  /** Runs `postern`, and checks the exit code. Returns the output. */
  const postern = async (args, code = 0, env = {}) => {
    const result = await run(folder, args, { env: { ...account_, ...env } });
    assert.equal(result.code, code, `${args}\n${result.stdout}${result.stderr}`);
    return result;
  };
  await postern("init");
  return { account, folder, postern };
}

/** A part of the output by lines, without the numbers of the steps. */
const section = (output, from, to) =>
  output
    .split(`${from}\n`)[1]
    .split(`\n${to}`)[0]
    .split("\n")
    .map((line) => line.replace(/^ +\d\/\d /, "").split(/[ ,:]/)[0]);

const isRead = ({ method, path, json }) => method === "GET" || (path.endsWith("/query") && json.sql.startsWith("SELECT"));
const refuse = (method, path) => (request) =>
  request.method === method && path.test(request.path)
    ? { status: 403, errors: [{ code: 10000, message: "Authentication error" }] }
    : undefined;

test("a first deployment that fails at any step says what is done, and the next run continues there", async (test) => {
  const { account, folder, postern } = await start(test, "first");
  const comment = "  // Mine.\n";
  writeFileSync(`${folder}/wrangler.jsonc`, text(folder, "wrangler.jsonc").replace('  "name"', `${comment}  "name"`));
  const own = () => files(folder).filter((file) => !/^(node_modules|calls$)/.test(file));
  const before = own();
  const configuration = text(folder, "wrangler.jsonc");
  const unchanged = () => {
    assert.deepEqual(own(), before);
    assert.equal(text(folder, "wrangler.jsonc"), configuration);
    assert.ok(account.requests.every(isRead));
  };

  // Nobody would have the keys of a run without a terminal.
  const unnamed = await postern("deploy", 2);
  assert.match(unnamed.stderr, /--out FILE/);
  const DEPLOY = ["deploy", "--out", "keys.secret", "--tenant", "Acme Inc.", "--admin-out", "admin.secret", "--wait", "1s"];
  const dry = await postern([...DEPLOY, "--dry-run"]);
  assert.deepEqual(
    dry.stdout.trimEnd().split("\n").map((line) => line.replace(/^(\d\/\d \w+).*/, "$1")),
    ["1/6 Create", "2/6 Make", "3/6 Migrate", "4/6 Deploy", "5/6 Wait", "6/6 Create", "Nothing was changed (dry run)."],
  );
  unchanged();

  // No log-in.
  account.answer = refuse("GET", /deployments$/);
  assert.match((await postern(DEPLOY, 1)).stderr, /Authentication error.*\n[^]*Nothing was changed.*wrangler login/);
  // 1. The database.
  account.answer = refuse("POST", /d1\/database$/);
  const first = await postern(DEPLOY, 1);
  assert.match(first.stderr, /^error: wrangler d1 create postern failed:[^]*Authentication error/m);
  assert.doesNotMatch(first.stderr, /^Done:/m);
  assert.deepEqual(section(first.stderr, "Not done:", "To go on"), ["Create", "Make", "Migrate", "Deploy", "Wait", "Create"]);
  assert.match(first.stderr, /^To go on, run the same command again.*\nNothing was deployed\.$/m);
  assert.equal(text(folder, "wrangler.jsonc"), configuration);
  // 2. and 3. The keys are made, in a file that has something else; the migration fails.
  writeFileSync(`${folder}/keys.secret`, 'MINE="1"', { mode: 0o644 });
  account.answer = ({ path, json }) =>
    path.endsWith("/query") && json.sql.includes("CREATE TABLE tenants") ? { status: 500, errors: [{ code: 7500, message: "D1 is away" }] } : undefined;
  const second = await postern(DEPLOY, 1);
  assert.match(second.stderr, /^error: wrangler d1 migrations apply DB failed:[^]*D1 is away/m);
  assert.deepEqual(section(second.stderr, "\nDone:", "Not done:"), ["Create", "Make"]);
  assert.match(second.stderr, /^Nothing was deployed\.$/m);
  const keys = text(folder, "keys.secret");
  const { MINE, ...made } = parseEnv(keys);
  assert.equal(MINE, "1");
  assert.equal(statSync(`${folder}/keys.secret`).mode & 0o777, 0o600);
  const [{ uuid }] = account.databases;
  const written = text(folder, "wrangler.jsonc");
  assert.ok(written.includes(comment));
  assert.ok(written.includes(`"database_id": "${uuid}"`));
  assert.ok(written.includes('"migrations_dir": "node_modules/@postern/server/dist/migrations"'));
  // 4. The Worker.
  account.answer = refuse("PUT", /scripts\/postern$/);
  const third = await postern(DEPLOY, 1);
  assert.deepEqual(section(third.stderr, "\nDone:", "Not done:"), ["Migrate"]);
  assert.match(third.stderr, /^Whether the Worker was deployed is not known: npx wrangler deployments list$/m);
  // 5. It cannot be reached.
  account.answer = () => undefined;
  const fourth = await postern(DEPLOY, 3, { POSTERN_TEST_WORKER: "http://127.0.0.1:9" });
  assert.match(fourth.stderr, /^error: The Worker at https:\/\/postern\.example\.workers\.dev is not ready: /m);
  assert.match(fourth.stderr, /npx wrangler delete$/m);
  assert.deepEqual(account.secrets(), made);
  // 6. The file of the admin's secret exists.
  writeFileSync(`${folder}/admin.secret`, "");
  const fifth = await postern(DEPLOY, 2);
  assert.match(fifth.stderr, /--admin-out cannot be created: EEXIST/);
  assert.deepEqual(await account.query("SELECT id FROM tenants"), []);
  rmSync(`${folder}/admin.secret`);

  // An address of the environment is that of another service, such as the local one.
  const last = await postern(DEPLOY, 0, { POSTERN_URL: "http://127.0.0.1:9" });
  assert.match(last.stdout, /^Postern is ready at https:\/\/postern\.example\.workers\.dev\.$/m);
  const verified = await postern("verify --from admin.secret --token-file admin.secret", 0, { POSTERN_URL: ADDRESS });
  assert.match(verified.stdout, /^access +admin$/m);
  assert.equal(statSync(`${folder}/admin.secret`).mode & 0o777, 0o600);
  // Again: nothing is left to do but to deploy.
  const again = await postern([...DEPLOY.slice(0, -4), "--admin-out", "other.secret"]);
  assert.match(again.stderr, /There is a tenant already: nothing was created\./);
  assert.equal(text(folder, "keys.secret"), keys);
  assert.deepEqual(account.secrets(), made);
  assert.ok(!own().includes("other.secret"));

  // What wrangler was called with.
  const called = calls(folder);
  const changes = called.map(({ args }) => args.slice(0, 2).join(" ")).filter((words) => !/list$|execute$/.test(words));
  assert.deepEqual(changes, [
    ...["d1 create"],
    ...["d1 create", "d1 migrations"],
    ...["d1 migrations", "deploy --message"],
    ...Array(4).fill(["d1 time-travel", "deploy --message"]).flat(),
  ]);
  const given = called.flatMap(({ args }) => args).join("\n");
  for (const secret of Object.values({ ...made, admin: text(folder, "admin.secret").trim() })) {
    assert.ok(!given.includes(secret));
    for (const { stdout, stderr } of [dry, first, second, third, fourth, fifth, last, again]) assert.ok(!(stdout + stderr).includes(secret));
  }
  // The keys go to the Worker only as long as it lacks them, in a file that nobody else can read and that is gone.
  const sent = called.filter(({ secrets }) => secrets);
  assert.deepEqual(sent.map(({ secrets }) => secrets), Array(2).fill({ mode: 0o600, ...made }));
  for (const { args } of sent) assert.throws(() => statSync(args[args.indexOf("--secrets-file") + 1]), { code: "ENOENT" });
});

test("an upgrade shows what differs, migrates, and says how to go back when the new Worker is not ready", async (test) => {
  const { account, folder, postern } = await start(test, "upgrade");
  const DEPLOY = ["deploy", "--out", "postern.secret", "--wait", "1s"];
  await postern([...DEPLOY, "--tenant", "Acme", "--admin-out", "admin.secret"]);
  const at = { POSTERN_URL: ADDRESS };
  const works = () => postern("verify --from admin.secret --token-file admin.secret", 0, at);
  const [{ versions: [{ version_id: before }] }] = account.deployments;
  const { version } = JSON.parse(text(folder, `${INSTALLED}/package.json`));

  // A migration that fails leaves the database as it was, and the Worker too.
  await installed(folder, await changed(tarball, as("9.9.8", "CREATE TABLE a (id TEXT);\nINSERT INTO missing VALUES (1);\n")));
  const failed = await postern(DEPLOY, 1);
  assert.match(failed.stderr, /no such table: missing/);
  assert.match(failed.stderr, /^The deployed Worker was not changed\./m);
  assert.deepEqual(await account.query("SELECT name FROM sqlite_schema WHERE name = 'a'"), []);
  assert.equal(account.deployments.length, 1);
  await works();

  // The next version has another setting.
  const next = await changed(tarball, (files) => {
    newer(files);
    const file = `${files}/dist/wrangler.json`;
    writeFileSync(file, readFileSync(file, "utf8").replace('"17 * * * *"', '"18 * * * *"'));
  });
  await installed(folder, next);
  const requests = account.requests.length;
  const dry = await postern([...DEPLOY, "--dry-run"]);
  assert.match(dry.stderr, /^wrangler\.jsonc differs from what @postern\/server 9\.9\.9 would write:\n {2}triggers\.crons lacks "18 \* \* \* \*"\n {2}triggers\.crons also has "17 \* \* \* \*"\n/m);
  assert.match(dry.stdout, /^1\/4 Note a bookmark.*\n2\/4 Migrate the database: 9999_made_up\.sql\n3\/4 Deploy the Worker postern of @postern\/server 9\.9\.9\n4\/4 Wait/m);
  assert.match((await postern("migrate --remote --dry-run")).stdout, /^Would apply: 9999_made_up\.sql$/m);
  assert.ok(account.requests.slice(requests).every(isRead));

  // The new version does not reach this location.
  account.isHeld = true;
  const held = await postern(DEPLOY, 3);
  assert.match(held.stderr, /is not ready: another version of the Worker answers$/m);
  const [, bookmark] = /^ +(0000\S+)$/m.exec(held.stderr);
  for (const line of [
    `To go back to the version before: npx wrangler rollback ${before}`,
    `  or: npm install --save-exact @postern/server@${version} && npx postern deploy`,
    `To restore the data as of before, which undoes every change since: npx wrangler d1 time-travel restore DB --bookmark ${bookmark}`,
  ])
    assert.ok(held.stderr.split("\n").includes(line), held.stderr);
  // Until then the older Worker answers, with the newer schema.
  await works();
  assert.deepEqual(await account.query("SELECT version FROM schema_version"), [{ version: 9999 }]);

  account.isHeld = false;
  await account.serve();
  const ready = await postern(DEPLOY);
  assert.match(ready.stdout, /^Postern is ready.*\nTo go back to the version before: npx wrangler rollback /m);
  assert.deepEqual(account.deployments.map(({ annotations }) => annotations["workers/message"]), [version, "9.9.9", "9.9.9"].map((one) => `@postern/server ${one}`));
  await works();

  // Back by deploying the older package. What only the newer one has stays.
  await installed(folder, tarball);
  const back = await postern(DEPLOY);
  assert.match(back.stderr, /^The database has migrations of a newer package, which stay: 9999_made_up\.sql$/m);
  assert.doesNotMatch(back.stderr, /Migrate/);
  await works();
  assert.match((await postern("migrate --remote")).stdout, /^Every migration is applied\.$/m);
});

test("no Worker, database or key of another deployment is taken over, and a lost key is not replaced", async (test) => {
  const { account, folder, postern } = await start(test, "refused");
  const DEPLOY = ["deploy", "--out", "postern.secret"];
  const initial = text(folder, "wrangler.jsonc");
  /** Deploys with another configuration, and checks that nothing is changed. */
  const refused = async (change, expected, args = DEPLOY) => {
    writeFileSync(`${folder}/wrangler.jsonc`, change(initial));
    const requests = account.requests.length;
    const { stderr } = await postern(args, 2);
    assert.match(stderr, expected);
    assert.ok(account.requests.slice(requests).every(isRead));
  };
  await refused((config) => config.replace('"invocation_logs": false', '"invocation_logs": true'), /invocation logs are on/);
  await refused((config) => config.replace('"workers_dev": true', '"workers_dev": false'), /--url URL/);
  await refused((config) => config, /--admin-out FILE/, [...DEPLOY, "--tenant", "Acme"]);
  account.databases.push({ uuid: "3e9a5f7c-0000-4000-8000-000000000000", name: "postern" });
  await refused((config) => config, /has a database postern, .*"database_id": "3e9a5f7c-0000-4000-8000-000000000000"/);
  account.databases.pop();

  writeFileSync(`${folder}/wrangler.jsonc`, initial);
  await postern([...DEPLOY, "--tenant", "Acme", "--admin-out", "admin.secret"]);
  const deployed = text(folder, "wrangler.jsonc");
  await refused((config) => config, /has a Worker postern, and wrangler\.jsonc has no database_id/);
  // A Worker of another name, as of somebody who renamed it, has no keys yet.
  const renamed = () => deployed.replace('"name": "postern"', '"name": "other"');
  account.answer = ({ path }) => (path.includes("/scripts/other/") ? { status: 404, errors: [{ code: 10007, message: "not found" }] } : undefined);
  await refused(renamed, /neither the Worker nor new\.secret has their POSTERN_MASTER_KEY/, ["deploy", "--out", "new.secret"]);
  await refused(renamed, /neither the Worker nor a file has their POSTERN_MASTER_KEY/, ["deploy"]);
  writeFileSync(`${folder}/new.secret`, `POSTERN_MASTER_KEY="${"ab".repeat(32)}"\n`);
  await refused(renamed, /neither the Worker nor new\.secret has their POSTERN_MASTER_KEY/, ["deploy", "--out", "new.secret"]);
  assert.match((await postern([...DEPLOY, "--dry-run"])).stdout, /with POSTERN_ROOT_TOKEN and POSTERN_MASTER_KEY of postern\.secret$/m);
  // In the middle of a gradual deployment, a deployment would end it.
  account.answer = () => undefined;
  account.deployments.at(-1).versions.push({ version_id: "another", percentage: 10 });
  await refused(() => deployed, /gradual deployment/);
});

test("master-key --remote counts by the deployment's keys, not by those of this machine", async (test) => {
  const { account, folder, postern } = await start(test, "keys");
  await postern("deploy --out postern.secret --tenant Acme --admin-out admin.secret");
  assert.match((await postern("master-key --remote")).stdout, /^ +1 {2}under \w{8} {2}the current key\nNone left/);
  const keys = parseEnv(text(folder, "postern.secret"));
  writeFileSync(`${folder}/other.secret`, `POSTERN_MASTER_KEY="${"ab".repeat(32)}"\nPOSTERN_MASTER_KEY_PREVIOUS="${keys.POSTERN_MASTER_KEY}"\n`);
  // A deployment replaces no key of the Worker, whatever the file has.
  await postern("deploy --out other.secret");
  assert.deepEqual(account.secrets(), keys);
  const { stdout } = await postern("master-key --remote --json --keys other.secret");
  assert.deepEqual([JSON.parse(stdout).left, JSON.parse(stdout).keys[0].is], [1, "the previous key"]);
  rmSync(`${folder}/postern.secret`);
  assert.match((await postern("master-key --remote", 2)).stderr, /neither in the environment nor in postern\.secret/);
  const given = calls(folder).flatMap(({ args }) => args).join("\n");
  for (const secret of Object.values(keys)) assert.ok(!given.includes(secret));
});

test("at a terminal, deploy chooses the files and asks for the name of the first tenant; Ctrl-C says what is done", async (test) => {
  const { account, folder } = await start(test, "terminal");
  const env = { ...inAccount(account, folder), POSTERN_TEST_QUICK: "yes", TERM: "xterm" };
  const at = (args, steps, more) =>
    execute("python3", [resolve("packages/server/test/terminal.py"), JSON.stringify(steps), process.execPath, resolve(`${folder}/${INSTALLED}/src/main.js`), ...args], {
      cwd: folder,
      env: { ...env, ...more },
    });
  const interrupted = await at(["deploy"], [["Name of the first tenant", "Acme\r"], ["Wait until it is ready", "\u0003"]], { POSTERN_TEST_WORKER: "http://127.0.0.1:9" });
  assert.equal(interrupted.code, 130, interrupted.stdout);
  assert.match(interrupted.stdout.replaceAll("\r", ""), /error: Interrupted\.\nDone:\n {2}1\/6[^]*4\/6[^]*Not done:\n {2}5\/6[^]*6\/6 Create the tenant Acme[^]*To go on, run the same command again, with --tenant "Acme"/);
  const { code, stdout } = await at(["deploy", "--tenant", "Acme"], []);
  assert.equal(code, 0, stdout);
  assert.deepEqual(account.secrets(), parseEnv(text(folder, "postern.secret")));
  assert.match(text(folder, "postern-admin.secret"), /^pstn_/);
});
