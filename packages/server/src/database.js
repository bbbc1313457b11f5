// The database of a folder's Worker, local or deployed: its migrations, and a bookmark before a change. `postern migrate`.
import { readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { databaseOf, read } from "./check.js";
import { EXIT } from "./failure.js";
import { safe } from "./output.js";
import { note, print } from "./run.js";
import { configFlag, configurationIn, migrate, query, wranglerJson } from "./wrangler.js";

/** Returns the names of the migrations that a configuration has. */
export const migrationsOf = (file) =>
  readdirSync(resolve(dirname(file), databaseOf(read(file)).migrations_dir))
    .filter((name) => name.endsWith(".sql"))
    .sort();

/** Returns which migrations a database has, which of the configuration's it lacks, and which only a newer package has. */
export async function stateOf(folder, where, options) {
  const file = resolve(folder, options.configuration);
  const table = databaseOf(read(file)).migrations_table ?? "d1_migrations";
  let applied = [];
  try {
    applied = (await query(folder, where, `SELECT name FROM "${table}" ORDER BY id`, options)).map(({ name }) => name);
  } catch (error) {
    if (!error.message.includes(`no such table: ${table}`)) throw error;
  }
  const known = migrationsOf(file);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    newer: applied.filter((name) => !known.includes(name)),
  };
}

/** Returns the bookmark to which the deployed database can be restored. */
export async function bookmarkOf(folder, options) {
  const { bookmark } = await wranglerJson(folder, ["d1", "time-travel", "info", "DB", "--json"], options);
  return bookmark;
}

/** Returns the command that restores the data. `flag` names the configuration. */
export const restoreCommand = (bookmark, flag) => `npx wrangler d1 time-travel restore DB --bookmark ${safe(bookmark)}${flag}`;

/** Runs `postern migrate`. */
export async function migrateCommand(folder, { config, remote, dryRun }) {
  configurationIn(folder, config);
  const [where, options] = [remote ? "--remote" : "--local", { configuration: config }];
  const { applied, pending, newer } = await stateOf(folder, where, options);
  if (newer.length) note(`The database also has migrations of a newer package: ${safe(newer.join(", "))}`);
  if (pending.length === 0) {
    print(["Every migration is applied."]);
    return EXIT.done;
  }
  print([`${dryRun ? "Would apply" : "Applying"}: ${pending.join(", ")}`]);
  if (dryRun) return EXIT.done;
  if (remote && applied.length) {
    const bookmark = await bookmarkOf(folder, options);
    note(`To restore the data as of before: ${restoreCommand(bookmark, configFlag(config))}`);
  }
  await migrate(folder, where, options);
  print(["Applied."]);
  return EXIT.done;
}
