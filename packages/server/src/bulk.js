// `credentials revoke` with filters instead of a credential: revokes every credential that matches.
import { Refusal } from "./connection.js";
import { OPERATIONS } from "./description.js";
import { EXIT, wrongUse } from "./failure.js";
import { fieldsOf, valuesOf } from "./flags.js";
import { confirm } from "./input.js";
import { json, safe, table } from "./output.js";
import { errorLines } from "./problem.js";
import { connect, note, pages, pathOf, print, progress } from "./run.js";
import { parseWhole } from "./values.js";

const LISTING = OPERATIONS.get("list_credentials");
const COLUMNS = ["id", "name", "state", "created_at", "last_used_at"];
const [DEFAULT_CONCURRENCY, GREATEST_CONCURRENCY] = [4, 16];

/** The filters of the list. */
export const filters = fieldsOf(LISTING, { without: ["limit", "cursor", "sort"] }).filter(({ place }) => place === "query");

/** Adds the flags of a revocation by filters. */
export function addBulk(command) {
  const names = new Set();
  for (const { flags } of filters) {
    for (const { option } of flags) {
      option.description = `With filters, every match is revoked: ${option.description}`;
      names.add(option.attributeName());
      command.addOption(option);
    }
  }
  command.option("--dry-run", "With filters: list what would be revoked, and revoke nothing.");
  command.option(
    "--concurrency <number>",
    `With filters: how many to revoke at a time, 1 to ${GREATEST_CONCURRENCY}. The default is ${DEFAULT_CONCURRENCY}.`,
    parseWhole,
  );
  command.option("--yes", "With filters: do not ask whether to do it.");
  return [...names, "dryRun", "concurrency", "yes"];
}

/** Returns why a credential is kept, although the list has it; undefined if it is to be revoked. */
export function keptBecause(credential, { unusedSince, self }) {
  if (credential.revoked_at !== null) return "already revoked";
  // Without it, the rest could not be revoked.
  if (credential.id === self) return "the caller's own";
  // The list has it, since it was not used since then. But it did not exist yet.
  if (unusedSince !== undefined && !(Date.parse(credential.created_at) < Date.parse(unusedSince))) return "created since then";
  return undefined;
}

/** Calls `work` with each item, that many at a time. Stops beginning new ones when `isOver` says so. */
export async function eachOf(items, concurrency, isOver, work) {
  const left = items.values();
  const worker = async () => {
    for (const item of left) {
      if (isOver()) return;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Revokes a credential as it was listed. Returns the error, or undefined if it is revoked. */
async function revoke(connection, path, credential, body) {
  const one = `${path}/${credential.id}`;
  const request = {
    headers: { "if-match": `"${credential.id}.${credential.revision}"` },
    type: "application/json",
    body: JSON.stringify(body),
  };
  try {
    await connection.send("POST", `${one}/revoke`, request);
    return undefined;
  } catch (error) {
    // An earlier attempt may have revoked it, here or elsewhere.
    try {
      const now = (await connection.send("GET", one)).json;
      if (now.revoked_at !== null) return undefined;
    } catch (second) {
      if (second instanceof Refusal && second.response.status === 404) return undefined;
    }
    return error;
  }
}

/** Returns the credentials to revoke, and those that are kept with the reason. */
async function select(connection, path, query) {
  let self;
  try {
    self = (await connection.send("GET", "/v1/self")).json.id;
  } catch (error) {
    // The root token is no credential.
    if (!(error instanceof Refusal && error.response.status === 403)) throw error;
  }
  const [matching, kept] = [[], []];
  await pages(connection, path, query, (items) => {
    for (const credential of items) {
      const reason = keptBecause(credential, { unusedSince: query.unused_since, self });
      if (reason) kept.push({ id: credential.id, reason });
      else matching.push(credential);
    }
  });
  return { matching, kept };
}

const credentials = (count) => `${count.toLocaleString("en-US")} credential${count === 1 ? "" : "s"}`;
const ids = (list) => list.map(({ id }) => id);

/** Returns a line for each reason to keep credentials. */
function keptLines(kept) {
  const counts = new Map();
  for (const { reason } of kept) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `Kept ${credentials(count)}: ${reason}.`);
}

/** Runs `credentials revoke` with filters. Returns the exit code. */
export async function revokeMatching(command) {
  const options = command.opts();
  const { query } = valuesOf(filters, command);
  const { body } = valuesOf(fieldsOf(OPERATIONS.get("revoke_credential")), command);
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  for (const flag of ["body", "ifMatch", "ifNoneMatch"])
    if (options[flag] !== undefined) throw wrongUse("--body, --if-match and --if-none-match need the id of a credential.");
  if (concurrency < 1 || concurrency > GREATEST_CONCURRENCY)
    throw wrongUse(`--concurrency must be from 1 to ${GREATEST_CONCURRENCY}.`);
  const { connection } = await connect(options);
  const path = await pathOf(LISTING, {}, options, connection);
  const { matching, kept } = await select(connection, path, query);
  if (!options.json) {
    if (matching.length) print(table(COLUMNS, matching));
    for (const line of keptLines(kept)) note(line);
  }
  if (options.dryRun || matching.length === 0) {
    if (options.json)
      print([
        json({ dry_run: Boolean(options.dryRun), revoked: [], would_revoke: ids(matching), kept, failed: [], not_tried: [] }),
      ]);
    else
      note(
        matching.length ? `${credentials(matching.length)} would be revoked. Nothing was changed (dry run).` : "Nothing to revoke.",
      );
    return EXIT.done;
  }
  await confirm(`Revoke ${credentials(matching.length)}?`, options.yes);

  const [revoked, failed] = [[], []];
  const shown = progress();
  // If the service is away, it is so for the rest too.
  let lost = false;
  try {
    await eachOf(
      matching,
      concurrency,
      () => lost,
      async (credential) => {
        const error = await revoke(connection, path, credential, body);
        if (error === undefined) revoked.push(credential);
        else failed.push({ credential, error });
        lost ||= error?.exit === EXIT.unreachable;
        shown.show(`${(revoked.length + failed.length).toLocaleString("en-US")} of ${credentials(matching.length)}`);
      },
    );
  } finally {
    shown.end();
  }
  const tried = new Set([...revoked, ...failed.map(({ credential }) => credential)]);
  const left = matching.filter((credential) => !tried.has(credential));
  if (options.json) {
    const problems = failed.map(({ credential, error }) => ({ id: credential.id, error: errorLines(error).join(" ") }));
    print([json({ dry_run: false, revoked: ids(revoked), would_revoke: [], kept, failed: problems, not_tried: ids(left) })]);
  }
  note(`Revoked ${credentials(revoked.length)}.`);
  for (const { credential, error } of failed)
    note(`Failed: ${credential.id} ${safe(credential.name)}: ${errorLines(error).join(" ").replace("error: ", "")}`);
  if (left.length) note(`Not tried: ${credentials(left.length)}.`);
  if (failed.length || left.length) note("Run the command again to revoke the rest: it leaves out what is revoked.");
  return lost ? EXIT.unreachable : failed.length ? EXIT.refused : EXIT.done;
}
