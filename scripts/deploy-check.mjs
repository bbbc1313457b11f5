// The checks of scripts/deploy-check on the configuration and the bundle. Prints every problem with its fix, and exits with 1 if
// there are any.
//
//   node scripts/deploy-check.mjs CONFIG LIMIT          checks the bundle too: at most LIMIT bytes, gzipped
//   node scripts/deploy-check.mjs CONFIG --database     checks that the database's id is set, and not the bundle (before a deploy)
//
// wrangler parses the configuration, so that this script reads it as a deployment does.
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

/** Returns the problems of a configuration file. */
export function settings(file) {
  try {
    const { rawConfig } = wrangler.experimental_readRawConfig({ config: file });
    // If a secret is also a variable, wrangler rejects the file, so that is checked first.
    const found = inRaw(file, rawConfig);
    return found.length > 0 ? found : inConfig(file, read(file));
  } catch (error) {
    return [`wrangler cannot read ${file}:\n${error.message}`];
  }
}

/** Checks that the configuration names a database of the account. */
export function database(file) {
  const id = read(file).d1_databases.find(({ binding }) => binding === "DB")?.database_id ?? "";
  if (/[1-9a-f]/i.test(id)) return [];
  return [
    `${file} has a placeholder in place of the database_id.
  Create the database, and copy the database_id that this command prints:
    npx wrangler d1 create postern`,
  ];
}

function read(file) {
  return wrangler.unstable_readConfig({ config: file }, { hideWarnings: true });
}

function inRaw(file, { env, vars = {} }) {
  const found = SECRETS.filter((name) => name in vars).map(
    (name) => `the secret ${name} is under [vars], where everyone who sees the file or the dashboard can read it.
  Remove it there, generate a new one, and set it with:  npx wrangler secret put ${name}`,
  );
  if (env) {
    found.push(`${file} has named environments ([env.…]), which inherit no bindings and which this script does not check.
  Remove them; for another environment use another file, and WRANGLER_CONFIG=FILE.`);
  }
  return found;
}

function inConfig(file, config) {
  const found = [];
  const unless = (condition, problem) => condition || found.push(problem);
  const { observability } = config;
  const required = config.secrets?.required ?? [];

  unless(
    config.d1_databases.some(({ binding }) => binding === "DB"),
    `${file} binds no database to DB.
  Add:  [[d1_databases]], with binding = "DB"`,
  );

  // Settings that log or forward URLs. A route of LiteGraph has a token in its URL, and clients may put tokens into other URLs.
  unless(
    observability?.logs?.invocation_logs === false,
    `invocation logs are on, or not explicitly off: they contain each request's URL, which can contain tokens.
  Add:  invocation_logs = false  under [observability.logs] in ${file}`,
  );
  unless(
    !observability?.traces?.enabled,
    `traces are on: they contain each request's URL, which can contain tokens.
  Remove [observability.traces] from ${file}, or set enabled = false there.`,
  );
  unless(
    !config.logpush,
    `logpush is on: it sends each request's URL, which can contain tokens.
  Remove logpush from ${file}.`,
  );
  for (const name of ["tail_consumers", "streaming_tail_consumers"]) {
    unless(
      !config[name]?.length,
      `${name} receive each request's URL, which can contain tokens.
  Remove ${name} from ${file}.`,
    );
  }

  // A request for an asset does not reach the Worker. So only the listed paths are assets, and no face has these paths.
  const { run_worker_first: first, not_found_handling: missing } = config.assets ?? {};
  unless(
    Array.isArray(first) && first.includes("/*"),
    `assets are served before the Worker: an asset can hide a route, and each request costs a lookup.
  Add  "/*"  into run_worker_first under [assets] in ${file}`,
  );
  for (const rule of [first ?? []].flat().filter((rule) => /^!/.test(rule))) {
    unless(
      /^!\/(openapi\.json|(docs|console)(\/[^*]*)?)$/.test(rule),
      `assets would be served at ${rule.slice(1)} in place of the Worker. Only /openapi.json, /docs, /console and files below these two are assets.
  Remove  "${rule}"  from run_worker_first under [assets] in ${file}`,
    );
  }
  unless(
    missing === undefined || missing === "none",
    `not_found_handling would respond to requests for missing files.
  Remove it from [assets] in ${file}.`,
  );

  for (const name of REQUIRED) {
    unless(
      required.includes(name),
      `the secret ${name} is not declared: the Worker could be deployed without it, and would return 503.
  Add it to  required  under [secrets] in ${file}`,
    );
  }
  return found;
}

/** Returns the problems of the bundle that a dry run writes. */
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
      found.push(`the pages at /docs and /console, where users enter a token, would be served without a Content-Security-Policy.
  Restore the policy in assets/_headers, and build again:  rm -rf build && make wasm`);
    }
    const size = modules.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
    if (modules.some((bytes) => bytes.includes("x-panic-for-tests"))) {
      found.push(`this is the build for tests/panics, which panics on request.
  Build for production:  rm -rf build && make wasm`);
    }
    if (size > limit) {
      found.push(`the bundle is too large: ${size} bytes gzipped, the limit is ${limit}.
  Run \`make wasm\` before and after a change to see what it adds. The limit is set in scripts/lib.sh.`);
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
