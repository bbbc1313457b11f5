// The pinned wrangler, for the Worker of a folder. It prompts for nothing, and sends nothing about its use.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { CONFIGURATION } from "./init.js";

const PROGRAM = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/** Starts wrangler. `ended` of the returned process is its exit code. */
export function start(folder, args, options) {
  if (!existsSync(join(folder, CONFIGURATION))) throw wrongUse(`This folder has no ${CONFIGURATION}. Run postern init first.`);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  const child = spawn(process.execPath, [PROGRAM, ...args, "--config", CONFIGURATION], { cwd: folder, env, ...options });
  child.ended = new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => resolve(code ?? EXIT.refused)));
  return child;
}

/** Runs wrangler to its end. Returns what it prints to standard output. */
export async function wrangler(folder, args) {
  const child = start(folder, args, { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
  if ((await child.ended) !== 0)
    throw new Failure(EXIT.refused, `wrangler ${args.slice(0, 3).join(" ")} failed:\n${output.stdout}${output.stderr}`);
  return output.stdout;
}

/** Applies the migrations of the package which the database does not have. `where` is --local or --remote. */
export const migrate = (folder, where) => wrangler(folder, ["d1", "migrations", "apply", "DB", where]);
