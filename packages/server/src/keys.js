// `postern master-key`: counts the secrets under each master key. A secret moves to the current key when it is used or revealed.
//
// The keys are not sent anywhere: only their ids, which are stored in each row, are compared.
import { hkdfSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { EXIT, wrongUse } from "./failure.js";
import { SETTINGS } from "./init.js";
import { json, safe } from "./output.js";
import { print } from "./run.js";
import { wrangler } from "./wrangler.js";

export const QUERY = "SELECT key, count(*) AS secrets FROM secrets GROUP BY key ORDER BY key";
const TITLES = { POSTERN_MASTER_KEY: "the current key", POSTERN_MASTER_KEY_PREVIOUS: "the previous key" };

/** Returns the id of a master key as src/credential/secret.rs computes it: HKDF-SHA-256, 5 bytes, in Crockford's base32. */
function keyId(hex) {
  const bytes = Buffer.from(hkdfSync("sha256", Buffer.from(hex, "hex"), "", "postern id", 5));
  const bits = BigInt(`0x${bytes.toString("hex")}`);
  const letters = "0123456789abcdefghjkmnpqrstvwxyz";
  return Array.from({ length: 8 }, (_, position) => letters[Number((bits >> BigInt(35 - 5 * position)) & 31n)]).join("");
}

/** Returns the title of each configured master key by its id, from the environment or the folder's file of settings. */
export function configuredKeys(folder) {
  const file = join(folder, SETTINGS);
  const settings = { ...(existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {}) };
  const titles = new Map();
  for (const [name, title] of Object.entries(TITLES)) {
    const hex = process.env[name] || settings[name];
    if (hex && !/^[0-9a-f]{64}$/i.test(hex)) throw wrongUse(`${name} is not 64 hexadecimal digits.`);
    // The current key is first: it may also be set as the previous one.
    if (hex && !titles.has(keyId(hex))) titles.set(keyId(hex), title);
    else if (name === "POSTERN_MASTER_KEY")
      throw wrongUse(`${name} is neither in the environment nor in ${SETTINGS}. Set it to the current key.`);
  }
  return titles;
}

/** Returns the lines about the rows of the query, and how many secrets are not under the current key. */
export function report(rows, titles) {
  const left = rows
    .filter(({ key }) => titles.get(key) !== TITLES.POSTERN_MASTER_KEY)
    .reduce((sum, { secrets }) => sum + secrets, 0);
  const lines = rows.map(
    ({ key, secrets }) =>
      `${String(secrets).padStart(8)}  under ${safe(key)}  ${titles.get(key) ?? "a key that is not configured: these secrets do not work"}`,
  );
  return { left, lines: [...lines, left === 0 ? "None left: the previous key can be removed." : `${left} left to move.`] };
}

/** Runs `postern master-key`. */
export async function masterKey(folder, options) {
  const titles = configuredKeys(folder);
  const output = await wrangler(folder, [
    "d1",
    "execute",
    "DB",
    options.remote ? "--remote" : "--local",
    "--json",
    "--command",
    QUERY,
  ]);
  const rows = JSON.parse(output)[0].results;
  const { lines, left } = report(rows, titles);
  print(
    options.json ? [json({ keys: rows.map(({ key, secrets }) => ({ key, secrets, is: titles.get(key) ?? null })), left })] : lines,
  );
  return EXIT.done;
}
