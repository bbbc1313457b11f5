// node tests/deploy-check.mjs: each check of scripts/deploy-check fails on a copy of wrangler.toml with one mistake,
// and says what to do. Prints in the format of cargo's tests, so that scripts/test counts them.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { problems } from "../packages/server/src/check.js";
import { bundle } from "../scripts/deploy-check.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "postern-deploy-check."));
const config = join(folder, "wrangler.toml");

/** The text with a part replaced, which must occur in it. */
function replaced(text, from, to) {
  if (!text.includes(from)) throw new Error(`wrangler.toml has no ${JSON.stringify(from)}`);
  return text.replace(from, () => to);
}

// Unchanged, but readable from another folder and without building again.
const now = readFileSync(join(root, "wrangler.toml"), "utf8").replace(/^\[build\]\n(.+\n)+/m, "");
const main = `main = "${root}/build/index.js"`;
const assets = `directory = "${root}/build/assets"`;
const sound = replaced(replaced(now, 'main = "build/index.js"', main), 'directory = "build/assets"', assets);

/** The configuration with `from` replaced. */
const but = (from, to) => () => replaced(sound, from, to);
/** The configuration with text added at the end. */
const and = (text) => () => `${sound}\n${text}\n`;
/** The configuration with text added before its first table. */
const above = (text) => but("\n[", `\n${text}\n\n[`);

/** The configuration with a Worker of this source instead. */
function another(source) {
  mkdirSync(join(folder, "build"), { recursive: true });
  writeFileSync(join(folder, "build/index.js"), `export default { fetch: () => new Response(${source}) };\n`);
  return replaced(sound, main, `main = "${folder}/build/index.js"`);
}

/** Assets in another folder, with these headers. */
function headed(headers) {
  const into = join(folder, "assets");
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, "_headers"), headers);
  return replaced(sound, assets, `directory = "${into}"`);
}

const off = "invocation_logs = false";
const settings = [
  ["invocation logs are on", but(off, "invocation_logs = true"), "invocation_logs = false  under"],
  ["invocation logs are not named", but(off, ""), "invocation_logs = false  under"],
  ["invocation logs are misspelt", but(off, "invocation_log = false"), "invocation_logs = false  under"],
  ["traces are on", and("[observability.traces]\nenabled = true"), "Remove [observability.traces]"],
  ["logpush is on", above("logpush = true"), "Remove logpush"],
  ["a tail consumer", and('[[tail_consumers]]\nservice = "another"'), "Remove tail_consumers"],
  ["the root token is not declared", but('"POSTERN_ROOT_TOKEN", ', ""), "the secret POSTERN_ROOT_TOKEN is not declared"],
  ["the master key is not declared", but(', "POSTERN_MASTER_KEY"', ""), "the secret POSTERN_MASTER_KEY is not declared"],
  ["no secret is declared", but(/\[secrets\]\n.+/.exec(sound)[0], ""), "the secret POSTERN_MASTER_KEY is not declared"],
  ["the root token is a variable", and('[vars]\nPOSTERN_ROOT_TOKEN = "x"'), "wrangler secret put POSTERN_ROOT_TOKEN"],
  ["the master key is a variable", and('[vars]\nPOSTERN_MASTER_KEY = "x"'), "wrangler secret put POSTERN_MASTER_KEY"],
  ["the previous key is a variable", and('[vars]\nPOSTERN_MASTER_KEY_PREVIOUS = "x"'), "put POSTERN_MASTER_KEY_PREVIOUS"],
  ["a named environment", and("[env.staging]\nlogpush = true"), "Remove them"],
  ["the assets before the Worker", but(/run_worker_first = \[[^\]]*\]/.exec(sound)[0], ""), '"/*"  into run_worker_first'],
  ["some assets before the Worker", but('"/*",', '"/v1/*",'), '"/*"  into run_worker_first'],
  ["an asset in a route's place", but('"!/docs",', '"!/docs",\n    "!/v1/verify",'), 'Remove  "!/v1/verify"'],
  ["assets wherever they are", but('"!/docs/",', '"!/docs/*",'), 'Remove  "!/docs/*"'],
  ["a page for what is not there", but("[assets]", '[assets]\nnot_found_handling = "404-page"'), "Remove it from [assets]"],
  ["no database", but('binding = "DB"', 'binding = "OTHER"'), "binds no database to DB"],
  ["what is no TOML", and("[["), "wrangler cannot read"],
];
const bundles = [
  ["nothing to deploy", but(main, `main = "${folder}/nothing.js"`), "the dry run of wrangler deploy failed"],
  ["assets that are not there", but(assets, `directory = "${folder}/nothing"`), "the dry run of wrangler deploy failed"],
  ["assets without a policy", () => headed("/*\n  X-Content-Type-Options: nosniff\n"), "without a Content-Security-Policy"],
  ["too large a bundle", () => another(JSON.stringify(randomBytes(260_000).toString("base64"))), "the bundle is too large"],
  ["a build that panics when asked to", () => another('"x-panic-for-tests"'), "rm -rf build && make wasm"],
];
const scripts = [
  ["deploy-check, as it stands", () => sound, "All checks passed", "deploy-check", 0],
  ["deploy-check ends with 1", but(off, "invocation_logs = true"), "error: invocation logs are on", "deploy-check", 1],
  ["deploy without a database_id", () => sound, "npx wrangler d1 create postern", "deploy", 1],
];

/** The output of a script that ended with this code. */
function run(script, code) {
  const { status, stdout, stderr } = spawnSync(join(root, "scripts", script), {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, WRANGLER_CONFIG: config },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return `${status === code ? "" : `(ended with ${status}) `}${stdout}${stderr}`;
}

const cases = [
  ["the settings as they stand", () => sound, "", () => problems(config).join("\n")],
  ...settings.map(([title, make, says]) => [title, make, says, () => problems(config).join("\n")]),
  ...bundles.map(([title, make, says]) => [title, make, says, () => bundle(config, 250_000).join("\n")]),
  ...scripts.map(([title, make, says, script, code]) => [title, make, says, () => run(script, code)]),
];

process.chdir(root);
console.log(`\n     Running tests/deploy-check.mjs\n\nrunning ${cases.length} tests`);
let failed = 0;
for (const [title, make, says, ask] of cases) {
  writeFileSync(config, make());
  const said = ask();
  const good = says === "" ? said === "" : said.includes(says) && !said.startsWith("(ended");
  console.log(`test ${title} ... ${good ? "ok" : "FAILED"}`);
  if (!good) {
    failed += 1;
    console.log(said);
  }
}
rmSync(folder, { recursive: true });
console.log(`\ntest result: ${failed ? "FAILED" : "ok"}. ${cases.length - failed} passed; ${failed} failed; 0 ignored`);
process.exitCode = failed ? 1 : 0;
