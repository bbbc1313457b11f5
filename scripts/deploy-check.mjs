// The checks of scripts/deploy-check on the configuration and the bundle. Prints every problem with its fix, and exits with 1 if
// there are any.
//
//   node scripts/deploy-check.mjs CONFIG LIMIT          checks the bundle too: at most LIMIT bytes, gzipped
//   node scripts/deploy-check.mjs CONFIG --database     checks that the database's id is set, and not the bundle (before a deploy)
//
// packages/server/src/check.js checks the configuration, as `postern deploy` does.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { missingDatabase, problems, read } from "../packages/server/src/check.js";

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
  let failures = problems(file);
  if (failures.length === 0) failures = task === "--database" ? missingDatabase(file) : bundle(file, Number(task));
  for (const failure of failures) console.error(`error: ${failure}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
