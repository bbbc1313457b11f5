// `postern master-key`: changes the master key, and counts the secrets under each one. A secret moves to the current key when it is used
// or revealed.
//
// The count sends no key anywhere: only their ids, which are stored in each row, are compared.
import { hkdfSync } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { read } from "./check.js";
import { EXIT, wrongUse } from "./failure.js";
import { KEYS, SETTINGS } from "./init.js";
import { json, safe } from "./output.js";
import { note, print } from "./run.js";
import { configFlag, configurationIn, query } from "./wrangler.js";

const QUERY = "SELECT key, count(*) AS secrets FROM secrets GROUP BY key ORDER BY key";
const TITLES = { POSTERN_MASTER_KEY: "the current key", POSTERN_MASTER_KEY_PREVIOUS: "the previous key" };

/** Returns the id of a master key as src/credential/secret.rs computes it: HKDF-SHA-256, 5 bytes, in Crockford's base32. */
export function keyId(hex) {
  const bytes = Buffer.from(hkdfSync("sha256", Buffer.from(hex, "hex"), "", "postern id", 5));
  const bits = BigInt(`0x${bytes.toString("hex")}`);
  const letters = "0123456789abcdefghjkmnpqrstvwxyz";
  return Array.from({ length: 8 }, (_, position) => letters[Number((bits >> BigInt(35 - 5 * position)) & 31n)]).join("");
}

/** Returns the settings of a file; none if there is no such file. */
export function settingsIn(folder, file) {
  const path = file && resolve(folder, file);
  return path && existsSync(path) ? parseEnv(readFileSync(path, "utf8")) : {};
}

/** The file in which `postern deploy` keeps the keys of a Worker. */
export const keysFile = (worker) => `${worker}.secret`;

/** Returns the title of each configured master key by its id, from the environment or a file of settings. */
function configuredKeys(folder, file) {
  const settings = settingsIn(folder, file);
  const titles = new Map();
  for (const [name, title] of Object.entries(TITLES)) {
    const hex = process.env[name] || settings[name];
    if (hex && !/^[0-9a-f]{64}$/i.test(hex)) throw wrongUse(`${name} is not 64 hexadecimal digits.`);
    // The current key is first: it may also be set as the previous one.
    if (hex && !titles.has(keyId(hex))) titles.set(keyId(hex), title);
    else if (name === "POSTERN_MASTER_KEY")
      throw wrongUse(`${name} is neither in the environment nor in ${safe(file)}. Set it to the current key.`);
  }
  return titles;
}

/** Returns the lines about the rows of the query, and how many secrets are not under the current key. */
function report(rows, titles) {
  const left = rows
    .filter(({ key }) => titles.get(key) !== TITLES.POSTERN_MASTER_KEY)
    .reduce((sum, { secrets }) => sum + secrets, 0);
  const lines = rows.map(
    ({ key, secrets }) =>
      `${String(secrets).padStart(8)}  under ${safe(key)}  ${titles.get(key) ?? "a key that is not configured: these secrets do not work"}`,
  );
  return { left, lines: [...lines, left === 0 ? "None left: the previous key can be removed." : `${left} left to move.`] };
}

/** Makes a new master key in a file, and keeps the current one there as the previous one. */
function change(folder, file) {
  const { POSTERN_MASTER_KEY: current, POSTERN_MASTER_KEY_PREVIOUS: previous } = settingsIn(folder, file);
  if (!current) throw wrongUse(`${safe(file)} has no POSTERN_MASTER_KEY.`);
  if (previous)
    throw wrongUse(
      `${safe(file)} has a POSTERN_MASTER_KEY_PREVIOUS, and the Worker knows only two keys. Remove it first, when no secret is left under it.`,
    );
  const path = resolve(folder, file);
  const before = readFileSync(path, "utf8").replace(/\n?$/, "\n");
  const after = `${before.replace(/^(\s*POSTERN_MASTER_KEY)(?=\s*=)/m, "$1_PREVIOUS")}POSTERN_MASTER_KEY="${KEYS.POSTERN_MASTER_KEY()}"\n`;
  if (parseEnv(after).POSTERN_MASTER_KEY_PREVIOUS !== current) throw wrongUse(`${safe(file)} cannot be changed: write its keys as NAME="value" lines.`);
  // Whole or not at all: it may be the only copy.
  writeFileSync(`${path}.new`, after, { mode: 0o600, flag: "wx", flush: true });
  renameSync(`${path}.new`, path);
}

/** Runs `postern master-key`. `state` is the folder of a local database that is not in the usual place. */
export async function masterKey(folder, options) {
  const { config, remote, state, json: isJson } = options;
  const { name } = read(configurationIn(folder, config));
  // The keys of this machine are not those of the deployment.
  const file = options.keys ?? (remote ? keysFile(name) : SETTINGS);
  if (options.change) {
    change(folder, file);
    note(`${safe(file)} has a new master key, and the one before as the previous one.`);
    note(remote ? `Next: npx wrangler secret bulk ${safe(file)}${configFlag(config)}` : "Next: start postern dev again.");
    return EXIT.done;
  }
  const titles = configuredKeys(folder, file);
  const where = remote ? "--remote" : ["--local", ...(state ? ["--persist-to", state] : [])];
  const rows = await query(folder, where, QUERY, { configuration: config });
  const { lines, left } = report(rows, titles);
  print(isJson ? [json({ keys: rows.map(({ key, secrets }) => ({ key, secrets, is: titles.get(key) ?? null })), left })] : lines);
  return EXIT.done;
}
