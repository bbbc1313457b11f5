// What scripts/deploy-check asks of the configuration and of the bundle. All that is wrong is told at once, each with
// what to do; the exit code is 1 then.
//
//   node scripts/deploy-check.mjs CONFIG LIMIT          the bundle: at most LIMIT bytes, gzipped
//   node scripts/deploy-check.mjs CONFIG --database     no bundle; but is the database's id there? (before a deploy)
//
// wrangler itself reads the configuration, so that it is understood here as it will be when it is deployed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const wrangler = createRequire(import.meta.url)("wrangler");

const REQUIRED = ["POSTERN_ROOT_TOKEN", "POSTERN_MASTER_KEY"];
const SECRETS = [...REQUIRED, "POSTERN_MASTER_KEY_PREVIOUS"];

/** What is wrong with a configuration file, as texts. */
export function settings(file) {
  try {
    const { rawConfig } = wrangler.experimental_readRawConfig({ config: file });
    // wrangler does not read on when a secret is a variable, too: that comes first.
    const found = inRaw(file, rawConfig);
    return found.length > 0 ? found : inConfig(file, read(file));
  } catch (error) {
    return [`wrangler cannot read ${file}:\n${error.message}`];
  }
}

/** Whether it names a database of the account. */
export function database(file) {
  const id = read(file).d1_databases.find(({ binding }) => binding === "DB")?.database_id ?? "";
  if (/[1-9a-f]/i.test(id)) return [];
  return [
    `${file} has no database_id yet, only a placeholder.
  Make the database, and put the database_id that this prints there:
    npx wrangler d1 create postern`,
  ];
}

function read(file) {
  return wrangler.unstable_readConfig({ config: file }, { hideWarnings: true });
}

function inRaw(file, { env, vars = {} }) {
  const found = SECRETS.filter((name) => name in vars).map(
    (name) => `the secret ${name} is under [vars], where everyone who sees the file or the dashboard can read it.
  Remove it there, make a new one, and set that by:  npx wrangler secret put ${name}`,
  );
  if (env) {
    found.push(`${file} has named environments ([env.…]), which inherit no bindings and are not looked at here.
  Remove them; for another environment use another file, and WRANGLER_CONFIG=FILE.`);
  }
  return found;
}

function inConfig(file, config) {
  const found = [];
  const unless = (holds, text) => holds || found.push(text);
  const { observability } = config;
  const required = config.secrets?.required ?? [];

  unless(
    config.d1_databases.some(({ binding }) => binding === "DB"),
    `${file} binds no database to DB.
  Write:  [[d1_databases]], with binding = "DB"`,
  );

  // What tells a URL to anyone: a route of LiteGraph's has a token in its URL, and clients put tokens into others.
  unless(
    observability?.logs?.invocation_logs === false,
    `invocation logs are on, or are not said to be off: they hold each request's URL, and with it tokens.
  Write:  invocation_logs = false  under [observability.logs] in ${file}`,
  );
  unless(
    !observability?.traces?.enabled,
    `traces are on: they hold each request's URL, and with it tokens.
  Remove [observability.traces] from ${file}, or write enabled = false there.`,
  );
  unless(
    !config.logpush,
    `logpush is on: it sends each request's URL, and with it tokens.
  Remove logpush from ${file}.`,
  );
  for (const name of ["tail_consumers", "streaming_tail_consumers"]) {
    unless(
      !config[name]?.length,
      `${name} are given each request's URL, and with it tokens.
  Remove ${name} from ${file}.`,
    );
  }

  // Where an asset is, the Worker is not asked. So every path is the Worker's but those that are named, and no face has these.
  const { run_worker_first: first, not_found_handling: missing } = config.assets ?? {};
  unless(
    Array.isArray(first) && first.includes("/*"),
    `the assets come before the Worker: one may hide a route, and each request costs a look.
  Write  "/*"  into run_worker_first under [assets] in ${file}`,
  );
  for (const rule of [first ?? []].flat().filter((rule) => /^!/.test(rule))) {
    unless(
      /^!\/(openapi\.json|docs(\/[^*]*)?)$/.test(rule),
      `the assets would answer at ${rule.slice(1)} in place of the Worker; theirs are /openapi.json, /docs and files below that.
  Remove  "${rule}"  from run_worker_first under [assets] in ${file}`,
    );
  }
  unless(
    missing === undefined || missing === "none",
    `not_found_handling would answer for files that are not there.
  Remove it from [assets] in ${file}.`,
  );

  for (const name of REQUIRED) {
    unless(
      required.includes(name),
      `the secret ${name} is not declared: the Worker would be deployed without it, and answer 503.
  Add it to  required  under [secrets] in ${file}`,
    );
  }
  return found;
}

/** What is wrong with what would be uploaded, from a dry run. */
export function bundle(file, limit) {
  const into = mkdtempSync(join(tmpdir(), "postern-deploy."));
  try {
    const run = spawnSync("node_modules/.bin/wrangler", ["deploy", "--dry-run", "--config", file, "--outdir", into], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (run.status !== 0) return [`the dry run of wrangler deploy failed.\n${run.stdout}${run.stderr}`];
    const modules = readdirSync(into)
      .filter((name) => !/\.map$|^README\.md$/.test(name))
      .map((name) => readFileSync(join(into, name)));
    const found = [];
    const headers = resolve(dirname(file), read(file).assets?.directory ?? "", "_headers");
    if (!existsSync(headers) || !/^  Content-Security-Policy: ./m.test(readFileSync(headers, "utf8"))) {
      found.push(`the page at /docs, where a token is typed in, would be served without a Content-Security-Policy.
  Put it back into assets/_headers, and build again:  rm -rf build && make wasm`);
    }
    const size = modules.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
    if (modules.some((bytes) => bytes.includes("x-panic-for-tests"))) {
      found.push(`this is the build for tests/panics, which panics when asked to.
  Build the real one:  rm -rf build && make wasm`);
    }
    if (size > limit) {
      found.push(`the bundle is too large: ${size} bytes gzipped, and at most ${limit} may be.
  \`make wasm\` before and after a change tells what the change adds; the limit stands in scripts/lib.sh.`);
    }
    if (found.length === 0) console.log(`bundle: ${size} bytes gzipped (limit ${limit})`);
    return found;
  } finally {
    rmSync(into, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, task] = process.argv.slice(2);
  let failures = settings(file);
  if (failures.length === 0) failures = task === "--database" ? database(file) : bundle(file, Number(task));
  for (const failure of failures) console.error(`error: ${failure}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
