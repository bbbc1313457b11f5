// In wrangler's place in a folder: appends the arguments to the file POSTERN_TEST_CALLS, then runs the real one; with
// POSTERN_TEST_QUICK it answers what it can itself. As a package it is wrangler's own library.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const real = dirname(createRequire(import.meta.url).resolve("wrangler/package.json"));

/** Puts the recorder into the folder of a test. */
export function recordWrangler(folder) {
  const package_ = join(folder, "node_modules/wrangler");
  mkdirSync(join(package_, "bin"), { recursive: true });
  writeFileSync(join(package_, "package.json"), JSON.stringify({ name: "wrangler", main: "index.cjs" }));
  writeFileSync(join(package_, "index.cjs"), `module.exports = require(${JSON.stringify(real)});\n`);
  writeFileSync(join(package_, "bin/wrangler.js"), `import(${JSON.stringify(fileURLToPath(import.meta.url))}).then(({ record }) => record());\n`);
}

/** Sends a request to the account. Prints an error as wrangler does. */
async function ask(method, path, json) {
  const { CLOUDFLARE_API_BASE_URL: base, CLOUDFLARE_ACCOUNT_ID: id } = process.env;
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${base}/accounts/${id}${path}`, { method, headers, body: json && JSON.stringify(json) });
  const { result, errors } = await answer.json();
  for (const { code, message } of errors) console.error(`${message} [code: ${code}]`);
  return errors.length ? process.exit(1) : result;
}

/** Returns a member of the configuration that a call names. */
const configured = (args, name) => new RegExp(`"${name}": "(.*)"`).exec(readFileSync(args[args.indexOf("--config") + 1], "utf8"))[1];
const sql = (args, text) => ask("POST", `/d1/database/${configured(args, "database_id")}/query`, { sql: text });

/**
 * The commands whose answers need no wrangler, in a tenth of its time. Their output is what `postern` reads of wrangler's own,
 * which deploy-document.test.js runs.
 */
const ANSWERS = {
  "deployments list": async (args) => (await ask("GET", `/workers/scripts/${configured(args, "name")}/deployments`)).deployments.reverse(),
  "secret list": (args) => ask("GET", `/workers/scripts/${configured(args, "name")}/secrets`),
  "d1 list": () => ask("GET", "/d1/database?page=1"),
  "d1 create": (args) => ask("POST", "/d1/database", { name: args[2] }),
  "d1 execute": (args) => sql(args, args[args.indexOf("--command") + 1]),
  "d1 time-travel": (args) => ask("GET", `/d1/database/${configured(args, "database_id")}/time_travel/bookmark`),
  async "d1 migrations"(args) {
    const folder = configured(args, "migrations_dir");
    await sql(args, "CREATE TABLE IF NOT EXISTS d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)");
    const [{ results }] = await sql(args, "SELECT name FROM d1_migrations");
    for (const name of readdirSync(folder).sort())
      if (!results.some((row) => row.name === name))
        await sql(args, `${readFileSync(join(folder, name), "utf8")}\nINSERT INTO d1_migrations (name) VALUES ('${name}');`);
  },
};

/** Records a call, with the secrets of the file that it names, and runs it. */
export async function record() {
  const args = process.argv.slice(2);
  const at = args.indexOf("--secrets-file");
  const file = at >= 0 ? args[at + 1] : undefined;
  const secrets = file && { mode: statSync(file).mode & 0o777, ...JSON.parse(readFileSync(file, "utf8")) };
  appendFileSync(process.env.POSTERN_TEST_CALLS, `${JSON.stringify({ args, secrets })}\n`);
  const answer = process.env.POSTERN_TEST_QUICK && ANSWERS[args.slice(0, 2).join(" ")];
  if (answer) return console.log(JSON.stringify((await answer(args)) ?? "done"));
  const { status } = spawnSync(process.execPath, [join(real, "bin/wrangler.js"), ...args], { stdio: "inherit" });
  process.exit(status ?? 1);
}

/** Returns the environment in which a folder uses an account. */
export const inAccount = (account, folder) => ({
  ...account.env,
  POSTERN_TEST_CALLS: resolve(folder, "calls"),
  POSTERN_TEST_WORKER: account.url,
  NODE_OPTIONS: `--import=${new URL("reach.mjs", import.meta.url)}`,
  // wrangler is large. Node 20 ignores this, a newer one compiles it once.
  NODE_COMPILE_CACHE: resolve("target/compile-cache"),
});

/** Returns the calls that were recorded in a folder. */
export const calls = (folder) =>
  readFileSync(join(folder, "calls"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
