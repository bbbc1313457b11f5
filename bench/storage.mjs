// node bench/storage.mjs
//
// Measures what a credential and a change take in a new local D1 database, and writes bench/results/storage.json, which
// bench/scale.mjs reads. bench/scale.test.mjs measures again and compares. Takes a few seconds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { withDatabase } from "./miniflare.mjs";
import { fill } from "./seed.mjs";
import { migrate } from "./sides.mjs";

const CREDENTIALS = 10_000;
const AT = 1700000000000000; // 2023-11-14T22:13:20Z

// The last use of each credential, as in src/store/sql/*_note_use.sql.
const NOTES = ["credentials", "secrets"].map((table) => `UPDATE ${table} SET last_used_at = ${AT}`);
// A new name for each credential. ?1 is the number of the last event.
const RENAME = `UPDATE credentials SET state = json_set(state, '$.name', 'renamed ' || substr(id, 19)), revision = 2,
  updated_at = ${AT}, event = CAST(?1 AS INTEGER) + 1 + CAST(substr(id, 3) AS INTEGER), change = printf('7v%024d', 1),
  changed_at = ${AT}, changed_by = printf('7y%024d', 1), changed_request = printf('7w%024d', 1)`;

/** Returns the sizes by D1's own count (`meta.size_after`): of a database with CREDENTIALS credentials, divided by their number. */
export async function measure() {
  const state = mkdtempSync(join(tmpdir(), "postern-storage-"));
  try {
    return await withDatabase(state, async (database) => {
      const size = async () => (await database.prepare("SELECT 1").run()).meta.size_after;
      await migrate(database);
      const empty = await size();
      await fill(database, CREDENTIALS, () => {});
      const noted = await database.batch(NOTES.map((sql) => database.prepare(sql)));
      const filled = await size();
      const { last } = await database.prepare("SELECT max(seq) AS last FROM events").first();
      await database.prepare(RENAME).bind(last).run();
      const renamed = await size();
      return {
        credentials: CREDENTIALS,
        bytes_of_a_credential: Math.round((filled - empty) / CREDENTIALS),
        bytes_of_a_change: Math.round((renamed - filled) / CREDENTIALS),
        rows_written_by_a_note: noted.reduce((sum, { meta }) => sum + meta.rows_written, 0) / CREDENTIALS,
      };
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = `${JSON.stringify(await measure(), null, 2)}\n`;
  writeFileSync("bench/results/storage.json", text);
  console.log(text);
}
