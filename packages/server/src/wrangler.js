// The pinned wrangler, for the Worker of a folder. It prompts for nothing, and sends nothing about its use.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { CONFIGURATION } from "./init.js";
import { safe } from "./output.js";

export const PROGRAM = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/** Returns the flag by which wrangler finds another configuration than the usual one. */
export const configFlag = (configuration) => (configuration === CONFIGURATION ? "" : ` --config ${safe(configuration)}`);

/** Checks that a folder has a configuration, and returns its path. */
export function configurationIn(folder, configuration) {
  const path = resolve(folder, configuration);
  if (!existsSync(path)) throw wrongUse(`This folder has no ${safe(configuration)}. Run postern init first.`);
  return path;
}

/** Starts wrangler. `ended` of the returned process is its exit code. */
export function start(folder, args, { configuration = CONFIGURATION, env: more, ...options } = {}) {
  configurationIn(folder, configuration);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", ...more };
  const child = spawn(process.execPath, [PROGRAM, ...args, "--config", configuration], { cwd: folder, env, ...options });
  child.ended = new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => resolve(code ?? EXIT.refused)));
  return child;
}

/** Returns the lines of an output, for people. */
const linesOf = (output) =>
  stripVTControlCharacters(output)
    .split("\n")
    .map((line) => safe(line.trimEnd()))
    .filter((line) => line !== "");

/** Runs wrangler to its end. Returns what it prints to standard output. */
export async function wrangler(folder, args, options) {
  const child = start(folder, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
  const code = await child.ended.catch((error) => error);
  if (options?.signal?.aborted) throw new Failure(EXIT.interrupted, "Interrupted.");
  if (code instanceof Error) throw code;
  if (code !== 0) {
    const [command] = args.join(" ").split(" --");
    throw new Failure(EXIT.refused, [`wrangler ${command} failed:`, ...linesOf(output.stdout + output.stderr)].join("\n  "));
  }
  return output.stdout;
}

/** Runs wrangler, and returns the JSON that it prints. */
export async function wranglerJson(folder, args, options) {
  const output = await wrangler(folder, args, options);
  try {
    // It may print notices before.
    return JSON.parse(output.slice(output.search(/^[[{]/m)));
  } catch {
    throw new Failure(EXIT.refused, [`wrangler ${args.slice(0, 2).join(" ")} printed no JSON:`, ...linesOf(output)].join("\n  "));
  }
}

/** Returns the rows of a query. `where` is --local or --remote, or a list of flags. */
export async function query(folder, where, sql, options) {
  const [{ results }] = await wranglerJson(folder, ["d1", "execute", "DB", ...[where].flat(), "--json", "--command", sql], options);
  return results;
}

/** Applies the migrations of the package which the database does not have. */
export const migrate = (folder, where, options) => wrangler(folder, ["d1", "migrations", "apply", "DB", where], options);
