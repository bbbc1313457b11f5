// `make keys`: counts the secrets under each master key. A row moves to the current key when its secret is used or revealed.
// POSTERN_MASTER_KEY_PREVIOUS can be removed when no secret is under another key.
//
//   make keys               the local database (POSTERN_STATE)
//   make keys ON=--remote   the deployed database
//   node scripts/keys.mjs [--remote]      the same, without setup
//
// The master keys are read from the environment, or from .dev.vars. `postern master-key` does the same in a user's folder.
import { spawnSync } from "node:child_process";
import { QUERY, configuredKeys, report } from "../packages/server/src/keys.js";

const where = process.argv.includes("--remote")
  ? ["--remote"]
  : ["--local", "--persist-to", process.env.POSTERN_STATE || ".wrangler/state"];
let titles;
try {
  titles = configuredKeys(".");
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}
const run = spawnSync("node_modules/.bin/wrangler", ["d1", "execute", "postern", ...where, "--json", "--command", QUERY], {
  encoding: "utf8",
});
if (run.status !== 0) {
  console.error(`error: the query of the database failed. (make dev creates the local database.)\n${run.stdout}${run.stderr}`);
  process.exit(1);
}
console.log(report(JSON.parse(run.stdout)[0].results, titles).lines.join("\n"));
