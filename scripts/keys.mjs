// `make keys`: counts the secrets under each master key. A row moves to the current key when its secret is used or revealed.
// POSTERN_MASTER_KEY_PREVIOUS can be removed when no secret is under another key.
//
//   make keys               the local database (POSTERN_STATE)
//   make keys ON=--remote   the deployed database
//   node scripts/keys.mjs [--remote]      the same, without setup
//
// The master keys are read from the environment, or from .dev.vars. They are not sent anywhere: only their ids, which are stored
// in each row, are compared.
import { spawnSync } from "node:child_process";
import { hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";

const remote = process.argv.includes("--remote");
const file = (() => {
  try {
    return readFileSync(".dev.vars", "utf8");
  } catch {
    return "";
  }
})();

/** Returns a setting from the environment or .dev.vars; undefined if neither has it. */
function setting(name) {
  return process.env[name] || file.match(new RegExp(`^${name}=["']?([^"'\\s]+)`, "m"))?.[1];
}

/** Returns the id of a master key as src/credential/secret.rs computes it: HKDF-SHA-256, 5 bytes, in Crockford's base32. */
function keyId(hex) {
  const bytes = Buffer.from(hkdfSync("sha256", Buffer.from(hex, "hex"), "", "postern id", 5));
  const bits = BigInt(`0x${bytes.toString("hex")}`);
  const letters = "0123456789abcdefghjkmnpqrstvwxyz";
  return Array.from({ length: 8 }, (_, place) => letters[Number((bits >> BigInt(35 - 5 * place)) & 31n)]).join("");
}

const names = new Map();
for (const [name, title] of [["POSTERN_MASTER_KEY", "the current key"], ["POSTERN_MASTER_KEY_PREVIOUS", "the previous key"]]) {
  const hex = setting(name);
  if (hex && !/^[0-9a-f]{64}$/i.test(hex)) {
    console.error(`error: ${name} is not 64 hexadecimal digits.`);
    process.exit(1);
  }
  if (hex) names.set(keyId(hex), title);
}
if (![...names.values()].includes("the current key")) {
  console.error("error: POSTERN_MASTER_KEY is neither in the environment nor in .dev.vars. Set it to the current key.");
  process.exit(1);
}

const where = remote ? ["--remote"] : ["--local", "--persist-to", process.env.POSTERN_STATE || ".wrangler/state"];
const sql = "SELECT key, count(*) AS secrets FROM secrets GROUP BY key ORDER BY key";
const run = spawnSync("node_modules/.bin/wrangler", ["d1", "execute", "postern", ...where, "--json", "--command", sql], {
  encoding: "utf8",
});
if (run.status !== 0) {
  console.error(`error: the query of the database failed. (make dev creates the local database.)\n${run.stdout}${run.stderr}`);
  process.exit(1);
}
const rows = JSON.parse(run.stdout)[0].results;
for (const { key, secrets } of rows) {
  console.log(`${String(secrets).padStart(8)}  under ${key}  ${names.get(key) ?? "a key that is not configured: these secrets do not work"}`);
}
const left = rows.filter(({ key }) => names.get(key) !== "the current key").reduce((sum, { secrets }) => sum + secrets, 0);
console.log(left === 0 ? "None left: the previous key can be removed." : `${left} left to move.`);
