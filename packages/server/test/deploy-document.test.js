// Runs the commands of docs/DEPLOY.md, with wrangler and a stand-in for the account (account.mjs): the first deployment, an upgrade with a
// migration, the way back, a restore and a change of the master key. After each, every credential is asked for.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { parseEnv } from "node:util";
import { startAccount } from "./account.mjs";
import { INSTALLED, changed, newer, older, pack, text, workFolder } from "./package.mjs";
import { populate, startLoad, unchanged } from "./rehearsal.mjs";
import { execute } from "./service.mjs";
import { inAccount } from "./wrangler.mjs";

const DOCUMENT = readFileSync("docs/DEPLOY.md", "utf8");

/** Returns the commands of a section, in blocks. */
function blocks(section) {
  const level = section.split(" ")[0];
  const [, after] = DOCUMENT.split(`\n${section}\n`);
  const [body] = after.split(new RegExp(`^#{2,${level.length}} `, "m"));
  return [...body.matchAll(/^( *)```sh\n([^]*?)^\1```$/gm)].map(([, indent, commands]) => commands.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
}

let work;
before(() => (work = workFolder()));
after(() => rmSync(work, { recursive: true, force: true }));

test("the commands of DEPLOY.md deploy, upgrade, go back, restore and change the master key, and lose nothing that they should keep", async (test) => {
  const account = await startAccount();
  test.after(() => account.stop());
  const folder = `${work}/user`;
  mkdirSync(`${folder}/bin`, { recursive: true });
  // npm installs the one package as the latest, and the other one by its version. npx runs what is installed.
  const tarball = await pack(work);
  const tarballs = { latest: await changed(tarball, newer), older: await changed(tarball, older) };
  const program = (name, text) => writeFileSync(`${folder}/bin/${name}`, `#!/bin/sh\nset -e\n${text}\n`, { mode: 0o755 });
  program(
    "npm",
    `case "$*" in *@latest) file=${resolve(tarballs.latest)} ;; *) file=${resolve(tarballs.older)} ;; esac
rm -rf ${INSTALLED} && mkdir -p ${INSTALLED} && tar -xzf "$file" -C ${INSTALLED} --strip-components 1`,
  );
  program("npx", 'program=$1 && shift && exec "node_modules/.bin/$program" "$@"');
  mkdirSync(`${folder}/node_modules/.bin`, { recursive: true });
  symlinkSync("../@postern/server/src/main.js", `${folder}/node_modules/.bin/postern`);
  symlinkSync(resolve("node_modules/wrangler/bin/wrangler.js"), `${folder}/node_modules/.bin/wrangler`);
  const env = { ...inAccount(account, folder), PATH: `${resolve(folder)}/bin:${process.env.PATH}` };
  /** Runs commands in the folder, with the variables of those before. */
  const run = async (commands, more = {}) => {
    const { code, stdout, stderr } = await execute("bash", ["--norc", "-euo", "pipefail", "-c", commands], { cwd: folder, env: { ...env, ...more } });
    assert.equal(code, 0, `${commands}\n${stdout}${stderr}`);
    return stdout + stderr;
  };
  const served = async () => (await (await fetch(`${account.url}/openapi.json`)).json()).info.version;

  // First deployment.
  const [deploy, use] = blocks("## First deployment");
  await run(deploy.replace("npx postern deploy", "npx postern migrate && $&"));
  // The local database is still the same one.
  assert.match(await run("npx postern migrate --dry-run"), /Every migration is applied/);
  for (const file of ["postern.secret", "admin.secret"]) assert.equal(statSync(`${folder}/${file}`).mode & 0o777, 0o600, file);
  assert.match(await run(use), /^active +yes$/m);
  assert.equal(await served(), "0.0.1");

  // Data of every face, and requests from here on.
  const service = { url: account.url, root: parseEnv(text(folder, "postern.secret")).POSTERN_ROOT_TOKEN, restarts: account.restarts };
  const data = [await populate(service, "First")];
  const all = async () => {
    for (const some of data) await unchanged(service, some);
  };
  const load = await startLoad(service, 50);
  test.after(() => load.end());
  await all();

  // Upgrade.
  const [upgrade] = blocks("## Upgrade");
  const output = await run(upgrade);
  const [, BOOKMARK] = /restore DB --bookmark (\S+)$/m.exec(output);
  assert.equal(await served(), "9.9.9");
  assert.deepEqual(await account.query("SELECT version FROM schema_version"), [{ version: 9999 }]);
  await all();
  data.push(await populate(service, "Upgraded"));

  // Back, by the older package; then by wrangler, to the version before that, which is the newer one here.
  const [rollback, olderPackage] = blocks("## Roll back");
  await run(olderPackage);
  assert.equal(await served(), "0.0.1");
  await all();
  data.push(await populate(service, "Back"));
  await run(rollback);
  assert.equal(await served(), "9.9.9");
  await all();
  assert.ok((await load.stop()).sent > 0);

  // Restore: to before the upgrade. What was created since is gone, and the migration has to be applied again.
  const [restore, local] = blocks("## Restore the data");
  await run("npm install --save-exact @postern/server@latest");
  await run(restore, { BOOKMARK });
  assert.deepEqual(await account.query("SELECT version FROM schema_version"), [{ version: 9999 }]);
  await unchanged(service, data[0]);
  await assert.rejects(unchanged(service, data[1]), /^AssertionError/);
  await run(`npx postern migrate && ${local}`);
  assert.match(await run("npx postern migrate --dry-run"), /Every migration is applied/);

  // The master key. After a roll-back, wrangler changes no secret before the next deployment.
  await run("npx postern deploy");
  const [change, count, remove] = blocks("## Change the master key");
  const before = parseEnv(text(folder, "postern.secret"));
  await run(change);
  const keys = parseEnv(text(folder, "postern.secret"));
  assert.deepEqual([keys.POSTERN_MASTER_KEY_PREVIOUS, keys.POSTERN_ROOT_TOKEN], [before.POSTERN_MASTER_KEY, before.POSTERN_ROOT_TOKEN]);
  assert.notEqual(keys.POSTERN_MASTER_KEY, before.POSTERN_MASTER_KEY);
  assert.deepEqual(account.secrets(), keys);
  assert.equal(statSync(`${folder}/postern.secret`).mode & 0o777, 0o600);
  assert.match(await run(count), /under \w{8} {2}the previous key\n[^]*left to move/);
  // A secret moves when its holder calls Postern with it. Those that are not used are lost with the previous key.
  // So are the access tokens that it signed.
  const verified = data[0].questions.filter(
    ({ request: [, path, , body], answer }) => path === "/v1/verify" && answer.body.active && !body.token.includes("_at_"),
  );
  for (const { request: [, , , { token }] } of verified) {
    const answer = await fetch(`${account.url}/v1/self`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
  }
  const left = /^(\d+) left to move\.$/m.exec(await run(count));
  assert.deepEqual(await account.query("SELECT count(*) AS left FROM secrets GROUP BY key ORDER BY left LIMIT 1"), [{ left: Number(left[1]) }]);
  await run(remove);
  assert.deepEqual(Object.keys(account.secrets()).sort(), ["POSTERN_MASTER_KEY", "POSTERN_ROOT_TOKEN"]);
  const isActive = ({ body: { active } }) => active;
  assert.equal(await unchanged(service, { questions: verified }, isActive), verified.length);
  const disabled = data[0].questions.find(({ answer }) => answer.body.reason === "inactive");
  await assert.rejects(unchanged(service, { questions: [disabled] }, ({ body: { reason } }) => reason), /'unknown'/);
});

test("make deploy does the same from a checkout, with the id of a database in wrangler.toml", async (test) => {
  const account = await startAccount();
  test.after(() => account.stop());
  const folder = `${work}/source`;
  mkdirSync(folder);
  const env = inAccount(account, folder);
  const [create] = blocks("### From source");
  const made = await execute("bash", ["--norc", "-euo", "pipefail", "-c", create], { env });
  assert.equal(made.code, 0, made.stdout + made.stderr);
  const [, id] = /"?database_id"? ?[=:] "(.*)"/.exec(made.stdout);
  assert.equal(id, account.databases[0].uuid);

  const root = resolve(".");
  // The checkout's own file, for another folder and without another build.
  const configuration = readFileSync("wrangler.toml", "utf8")
    .replace(/^\[build\]\n(.+\n)+/m, "")
    .replace(/^(main|directory|migrations_dir) = "/gm, `$&${root}/`)
    .replace(/^(database_id) = ".*"/m, `$1 = "${id}"`);
  writeFileSync(`${folder}/wrangler.toml`, configuration);
  const args = ["--tenant", "Example Inc.", "--out", `${folder}/keys.secret`, "--admin-out", `${folder}/admin.secret`];
  const { code, stdout, stderr } = await execute("scripts/deploy", args, { env: { ...env, WRANGLER_CONFIG: `${folder}/wrangler.toml` } });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^All checks passed[^]*^Postern is ready at https:\/\/postern\.example\.workers\.dev\.$/m);
  assert.deepEqual(account.secrets(), parseEnv(text(folder, "keys.secret")));
  const { status } = await fetch(`${account.url}/v1/self`, { headers: { authorization: `Bearer ${text(folder, "admin.secret").trim()}` } });
  assert.equal(status, 200);
});
