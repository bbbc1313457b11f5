// The package as it is installed: `postern init` and `postern dev` in a folder of its own, up to a first verified request.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parseEnv } from "node:util";
import { INSTALLED, files, installed, pack, run, serve, text, workFolder } from "./package.mjs";
import { freePort } from "./service.mjs";

let work, tarball;
before(async () => {
  work = workFolder();
  tarball = await pack(work);
});
after(() => rmSync(work, { recursive: true, force: true }));

/** Installs the package into a new folder. */
const install = (name) => installed(`${work}/${name}`, tarball);

test("the package has the program, the Worker, its assets and its migrations, and nothing else", async () => {
  const folder = `${await install("files")}/${INSTALLED}`;
  assert.deepEqual(readdirSync(folder).sort(), ["LICENSE", "dist", "package.json", "src"]);
  assert.deepEqual(readdirSync(`${folder}/dist`).sort(), ["assets", "migrations", "worker", "wrangler.json"]);
  assert.deepEqual(files(`${folder}/dist/worker`), ["index.js", "index_bg.wasm"]);
  assert.deepEqual(files(`${folder}/dist/migrations`), files("migrations"));
  assert.deepEqual(files(`${folder}/dist/assets`), files("build/assets"));
});

test("init writes a configuration without a database id, and keys that only their owner can read", async () => {
  const folder = await install("new");
  const { code, stdout, stderr } = await run(folder, "init");
  assert.equal(code, 0, stderr);
  const [first, ...rest] = text(folder, "wrangler.jsonc").split("\n");
  assert.match(first, /^\/\/ /);
  const configuration = JSON.parse(rest.join("\n"));
  const {
    main,
    assets,
    build,
    d1_databases: [database],
  } = configuration;
  assert.deepEqual([build, Object.keys(database).sort()], [undefined, ["binding", "database_name", "migrations_dir"]]);
  for (const path of [main, assets.directory, database.migrations_dir])
    assert.ok(path.startsWith(`${INSTALLED}/dist/`) && existsSync(`${folder}/${path}`), path);
  // As `make deploy-check` requires.
  assert.equal(configuration.observability.logs.invocation_logs, false);
  assert.deepEqual(configuration.secrets.required, ["POSTERN_ROOT_TOKEN", "POSTERN_MASTER_KEY"]);
  assert.equal(statSync(`${folder}/.dev.vars`).mode & 0o777, 0o600);
  const keys = parseEnv(text(folder, ".dev.vars"));
  assert.match(keys.POSTERN_ROOT_TOKEN, /^root_[0-9a-f]{48}$/);
  assert.match(keys.POSTERN_MASTER_KEY, /^[0-9a-f]{64}$/);
  for (const key of Object.values(keys)) assert.ok(!(stdout + stderr).includes(key));
  for (const file of [".dev.vars*", ".wrangler/", "node_modules/", "*.secret"])
    assert.ok(text(folder, ".gitignore").split("\n").includes(file), file);
});

test("init changes nothing that exists", async () => {
  const folder = await install("again");
  writeFileSync(`${folder}/.gitignore`, "mine\n/.wrangler");
  writeFileSync(`${folder}/.dev.vars`, '# mine\nPOSTERN_MASTER_KEY="precious"', { mode: 0o644 });
  writeFileSync(`${folder}/wrangler.jsonc`, "{}");
  assert.equal((await run(folder, "init")).code, 0);
  const after = () => [".gitignore", ".dev.vars", "wrangler.jsonc"].map((file) => text(folder, file));
  const [ignored, settings, configuration] = after();
  assert.ok(ignored.startsWith("mine\n/.wrangler\nnode_modules/\n"));
  assert.equal(ignored.match(/wrangler/g).length, 1);
  assert.match(settings, /^# mine\nPOSTERN_MASTER_KEY="precious"\nPOSTERN_ROOT_TOKEN="root_[0-9a-f]{48}"\n$/);
  assert.equal(statSync(`${folder}/.dev.vars`).mode & 0o777, 0o600);
  assert.equal(configuration, "{}");
  assert.match((await run(folder, "init")).stderr, /Nothing to do/);
  assert.deepEqual(after(), [ignored, settings, configuration]);
});

test("init refuses a folder that has another Worker's configuration, and writes nothing", async () => {
  const folder = await install("taken");
  writeFileSync(`${folder}/wrangler.toml`, "");
  assert.equal((await run(folder, "init")).code, 2);
  assert.deepEqual(readdirSync(folder).sort(), ["node_modules", "wrangler.toml"]);
});

test("init run by npx installs its own version into the folder first", async () => {
  const elsewhere = await install("npx");
  const folder = `${work}/user`;
  const bin = `${work}/bin`;
  for (const made of [folder, bin]) mkdirSync(made);
  // In npm's place.
  const copy = `mkdir -p node_modules/@postern && cp -R "${process.cwd()}/${elsewhere}/${INSTALLED}" node_modules/@postern/`;
  writeFileSync(`${bin}/npm`, `#!/bin/sh\nprintf '%s\\n' "$*" >npm-arguments\n${copy}\n`, { mode: 0o755 });
  const options = { program: `../npx/${INSTALLED}`, env: { PATH: `${process.cwd()}/${bin}:${process.env.PATH}` } };
  const { code, stderr } = await run(folder, "init", options);
  assert.equal(code, 0, stderr);
  const { version } = JSON.parse(text(elsewhere, `${INSTALLED}/package.json`));
  assert.match(text(folder, "npm-arguments"), new RegExp(`^install .*@postern/server@${version.replaceAll(".", "\\.")}\\n$`));
  assert.ok(existsSync(`${folder}/wrangler.jsonc`));
  writeFileSync(`${bin}/npm`, "#!/bin/sh\nexit 1\n");
  mkdirSync(`${work}/offline`);
  assert.equal((await run(`${work}/offline`, "init", options)).code, 3);
  assert.deepEqual(readdirSync(`${work}/offline`), []);
});

test("dev serves a new folder up to a first verified request, and keeps its data in that folder", async () => {
  const folder = await install("dev");
  assert.equal((await run(folder, "dev")).code, 2);
  assert.equal((await run(folder, "init")).code, 0);
  // A setting that the configuration does not require.
  writeFileSync(`${folder}/.dev.vars`, `${text(folder, ".dev.vars")}POSTERN_TOKEN_PREFIX="acme_"\n`);
  const inPackage = files(`${folder}/${INSTALLED}`);
  const port = await freePort();
  const env = { POSTERN_URL: `http://127.0.0.1:${port}` };
  let server = await serve(folder, port);
  try {
    const tenant = await run(folder, "tenants create --name Acme --json --token-file .dev.vars", { env });
    assert.equal(tenant.code, 0, tenant.stderr);
    const { id } = JSON.parse(tenant.stdout);
    const admin = await run(
      folder,
      `credentials create --name admin --access admin --no-roles --out admin.secret --token-file .dev.vars --tenant ${id}`,
      { env },
    );
    assert.equal(admin.code, 0, admin.stderr);
    assert.match(text(folder, "admin.secret"), /^acme_/);
    const verified = await run(folder, "verify --from admin.secret --token-file admin.secret", { env });
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(verified.stdout, /^active +yes$/m);
    assert.equal((await fetch(`${env.POSTERN_URL}/docs`)).status, 200);
    const second = await run(folder, `dev --port ${port}`);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /in use/);
  } finally {
    assert.equal(await server.stop(), 0, server.output());
  }
  assert.ok(!server.output().includes(parseEnv(text(folder, ".dev.vars")).POSTERN_ROOT_TOKEN));
  await assert.rejects(fetch(`${env.POSTERN_URL}/healthz`));

  // One secret was made. Its row has the id of the key in .dev.vars.
  const keys = await run(folder, "master-key");
  assert.equal(keys.code, 0, keys.stderr);
  assert.match(keys.stdout, /^ +1 {2}under \w{8} {2}the current key\nNone left/);
  const other = {
    POSTERN_MASTER_KEY: "ab".repeat(32),
    POSTERN_MASTER_KEY_PREVIOUS: parseEnv(text(folder, ".dev.vars")).POSTERN_MASTER_KEY,
  };
  const moving = await run(folder, "master-key --json", { env: other });
  assert.equal(moving.code, 0, moving.stderr);
  const {
    keys: [{ secrets, is }],
    left,
  } = JSON.parse(moving.stdout);
  assert.deepEqual([secrets, is, left], [1, "the previous key", 1]);
  assert.equal((await run(folder, "master-key", { env: { POSTERN_MASTER_KEY: "ab" } })).code, 2);

  // With a new master key, the secret is known only if the previous one reaches the Worker too, which no argument may do.
  const changed = text(folder, ".dev.vars").replace(/(POSTERN_MASTER_KEY)="(.*)"/, `$1="${"ab".repeat(32)}"\n$1_PREVIOUS="$2"`);
  writeFileSync(`${folder}/.dev.vars`, changed);
  const unlisted = await run(folder, `dev --port ${port}`);
  assert.equal(unlisted.code, 2);
  assert.match(unlisted.stderr, /secrets\.required/);
  const listed = text(folder, "wrangler.jsonc").replace('"POSTERN_MASTER_KEY"', '"POSTERN_MASTER_KEY", "POSTERN_MASTER_KEY_PREVIOUS"');
  // As after a deployment, which must not lead to another local database.
  const ids = '"database_id": "3e9a5f7c-0000-4000-8000-000000000000", "preview_database_id": "DB", "binding": "DB"';
  writeFileSync(`${folder}/wrangler.jsonc`, listed.replace('"binding": "DB"', ids));
  server = await serve(folder, port);
  try {
    assert.equal((await run(folder, "verify --from admin.secret --token-file admin.secret", { env })).code, 0);
  } finally {
    assert.equal(await server.stop(), 0, server.output());
  }
  assert.deepEqual(files(`${folder}/${INSTALLED}`), inPackage);
});
