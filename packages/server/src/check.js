// The checks of a configuration before it is deployed, also those of `make deploy-check`. wrangler parses the file, so that it is
// read as a deployment reads it.
import { createRequire } from "node:module";
import { KEYS } from "./init.js";

const REQUIRED = Object.keys(KEYS);
const SECRETS = [...REQUIRED, "POSTERN_MASTER_KEY_PREVIOUS"];

/** Returns wrangler's library. It is loaded when it is needed: that takes longer than to load the rest of the program. */
function library() {
  const signals = ["SIGINT", "SIGTERM"];
  const before = signals.map((signal) => process.listeners(signal));
  const loaded = createRequire(import.meta.url)("wrangler");
  // What it adds ends the program at once, with exit code 0.
  for (const [at, signal] of signals.entries())
    for (const listener of process.listeners(signal)) if (!before[at].includes(listener)) process.off(signal, listener);
  return loaded;
}

/** Returns the problems of a configuration file, each with its fix. */
export function problems(file) {
  try {
    const rawConfig = readRaw(file);
    // If a secret is also a variable, wrangler rejects the file, so that is checked first.
    const found = inRaw(file, rawConfig);
    return found.length > 0 ? found : inConfig(file, read(file));
  } catch (error) {
    return [`wrangler cannot read ${file}:\n${error.message}`];
  }
}

/** Returns the database of a configuration. Its id is undefined if it is missing or a placeholder. */
export function databaseOf(configuration) {
  const { database_id, ...database } = configuration.d1_databases.find(({ binding }) => binding === "DB");
  return { ...database, ...(/[1-9a-f]/i.test(database_id ?? "") && { database_id }) };
}

/** Checks that the configuration names a database of the account. */
export function missingDatabase(file) {
  if (databaseOf(read(file)).database_id) return [];
  return [
    `${file} has a placeholder in place of the database_id.
  Create the database, and copy the database_id that this command prints:
    npx wrangler d1 create postern`,
  ];
}

/** Returns a configuration with its defaults, as a deployment reads it. */
export const read = (file) => library().unstable_readConfig({ config: file }, { hideWarnings: true });

/** Returns what a configuration file says. */
export const readRaw = (file) => library().experimental_readRawConfig({ config: file }).rawConfig;

function inRaw(file, { env, vars = {} }) {
  const found = SECRETS.filter((name) => name in vars).map(
    (name) => `the secret ${name} is under [vars], where everyone who sees the file or the dashboard can read it.
  Remove it there, generate a new one, and set it with:  npx wrangler secret put ${name}`,
  );
  if (env) {
    found.push(`${file} has named environments ([env.…]), which inherit no bindings and which are not checked.
  Remove them; for another environment use another file, with --config FILE (with make deploy, WRANGLER_CONFIG=FILE).`);
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
