// `postern deploy`: deploys the Worker of a folder to Cloudflare, with its database, its keys and a first admin.
//
// It first looks at what is there (look.js). Each step then does only what is missing, so a second run continues where the first one
// stopped.
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { applyEdits, modify } from "jsonc-parser";
import { readRaw } from "./check.js";
import { Connection, Refusal, serviceUrl } from "./connection.js";
import { bookmarkOf, restoreCommand } from "./database.js";
import { version } from "./description.js";
import { drift } from "./drift.js";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { addKeys, written } from "./init.js";
import { ask, isTerminal } from "./input.js";
import { settingsIn } from "./keys.js";
import { databaseNamed, look } from "./look.js";
import { safe } from "./output.js";
import { installedFor, isInstalled, name as PACKAGE } from "./package.js";
import { errorLines } from "./problem.js";
import { prepareReveal } from "./reveal.js";
import { note, print } from "./run.js";
import { migrate, wrangler } from "./wrangler.js";

/** Between two questions whether the Worker is ready, and the limit of one, in ms. */
const [PAUSE, TIMEOUT] = [1_000, 10_000];
const HEAD = "# The keys of a deployment, made by `postern deploy`. Keep a copy: if the master key is lost, every credential is lost.";

/** Writes the id of the database into the configuration, and keeps everything else of it. */
function writeDatabaseId(file, id) {
  const databases = readRaw(file).d1_databases;
  const at = databases.findIndex(({ binding }) => binding === "DB");
  const { database_id, preview_database_id = database_id ?? "DB" } = databases[at];
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: "\n" };
  let text = readFileSync(file, "utf8");
  // wrangler finds the local database by the preview id, else by the id. So the local one stays the same.
  for (const [key, value] of Object.entries({ database_id: id, preview_database_id }))
    text = applyEdits(text, modify(text, ["d1_databases", at, key], value, { formattingOptions }));
  writeFileSync(file, text);
}

async function createDatabase(folder, { file, database: { database_name }, options }) {
  await wrangler(folder, ["d1", "create", database_name], options);
  const made = await databaseNamed(folder, database_name, options);
  if (!made) throw new Failure(EXIT.refused, `The account does not list the new database ${safe(database_name)}.`);
  try {
    writeDatabaseId(file, made.uuid);
  } catch (error) {
    throw new Failure(
      EXIT.refused,
      `The database was created, but its id cannot be written: ${safe(error.message)}\n  Write "database_id": "${safe(made.uuid)}" into ${safe(options.configuration)}.`,
    );
  }
}

/** Deploys the Worker, with the keys that it lacks. */
async function deployWorker(folder, plan) {
  const { options, keys } = plan;
  const work = mkdtempSync(join(tmpdir(), "postern-deploy."));
  try {
    const args = ["deploy", "--message", `${PACKAGE} ${version}`];
    if (keys.missing.length) {
      // Only these: the file may have others, and no key of the Worker is ever replaced.
      const settings = settingsIn(folder, keys.file);
      const secrets = join(work, "secrets.json");
      writeFileSync(secrets, JSON.stringify(Object.fromEntries(keys.missing.map((key) => [key, settings[key]]))), { mode: 0o600 });
      args.push("--secrets-file", secrets);
    }
    const results = join(work, "results");
    plan.begun = true;
    await wrangler(folder, args, { ...options, env: { WRANGLER_OUTPUT_FILE_PATH: results } });
    const lines = readFileSync(results, "utf8").split("\n").filter(Boolean);
    const { version_id, targets } = lines.map((line) => JSON.parse(line)).find(({ type }) => type === "deploy") ?? {};
    if (!version_id) throw new Failure(EXIT.refused, "wrangler deploy reported no deployment.");
    plan.deployed = true;
    const address = targets?.find((target) => target.startsWith("https://"));
    if (!plan.url && !address) throw wrongUse("wrangler deploy reported no address. Give it: --url URL");
    plan.url ??= serviceUrl(address);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Returns what keeps the deployed Worker from being ready; undefined if it is. */
async function hindrance({ url, description, options: { signal } }, root) {
  const limit = AbortSignal.any([AbortSignal.timeout(TIMEOUT), signal]);
  const get = (path, headers) => fetch(new URL(path, url), { headers, redirect: "manual", signal: limit });
  try {
    const served = await get("/openapi.json");
    const text = await served.text();
    // Another version is served until the new one has reached this location.
    if (served.ok && existsSync(description) && text !== readFileSync(description, "utf8")) return "another version of the Worker answers";
    const answer = await get("/readyz", root && { authorization: `Bearer ${root}` });
    const { status, detail, checks = {} } = await answer.json();
    if (answer.ok && status === "ready") return undefined;
    return [`status ${answer.status}.`, detail, ...Object.entries(checks).map(([check, found]) => `${check}: ${found}`)].join(" ");
  } catch (error) {
    return error.cause?.code ?? error.cause?.message ?? error.message;
  }
}

/** Waits until the deployed Worker is ready: its settings, the database and its schema, the master key. */
async function waitUntilReady(plan, root, seconds) {
  const { signal } = plan.options;
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await hindrance(plan, root);
    if (found === undefined) return;
    if (signal.aborted) throw new Failure(EXIT.interrupted, "Interrupted.");
    if (Date.now() >= end) throw new Failure(EXIT.unreachable, `The Worker at ${plan.url.origin} is not ready: ${safe(found)}`);
    await wait(PAUSE, undefined, { signal }).catch(() => {});
  }
}

/** Creates the first tenant and its admin. */
async function createAdmin({ url }, root, { tenant: name, adminOut }) {
  const connection = new Connection(url, { authorization: `Bearer ${root}` });
  const list = async (path, limit) => (await connection.send("GET", path, { query: { limit } })).json.items;
  const create = async (path, body) => {
    const request = { type: "application/json", body: JSON.stringify(body), headers: { "Idempotency-Key": randomUUID() } };
    return (await connection.send("POST", path, request)).json;
  };
  const [first, ...others] = await list("/v1/tenants", 2);
  // An earlier run may have stopped between the two.
  const isLeft = first && others.length === 0 && first.name === name && (await list(`/v1/tenants/${first.id}/credentials`, 1)).length === 0;
  if (first && !isLeft) return note("  There is a tenant already: nothing was created.");
  const place = prepareReveal({ out: adminOut, flag: "--admin-out" });
  try {
    const { id } = first ?? (await create("/v1/tenants", { name }));
    const { secret } = await create(`/v1/tenants/${id}/credentials`, { name: "admin", roles: [], access: "admin" });
    place.keep(secret);
  } catch (error) {
    place.discard();
    throw error;
  }
}

/** Returns the steps that are left to do. */
function stepsOf(folder, plan, { tenant, adminOut, wait: seconds }) {
  const { worker, options, keys, pending, applied, database } = plan;
  const root = () => settingsIn(folder, keys.file).POSTERN_ROOT_TOKEN;
  const steps = [];
  const add = (title, run) => steps.push({ title, run });
  if (!database.database_id)
    add(`Create the database ${database.database_name}, and write its id into ${options.configuration}`, () => createDatabase(folder, plan));
  if (keys.fresh.length)
    add(`Make ${keys.fresh.join(" and ")}, in ${keys.file}`, () => addKeys(resolve(folder, keys.file), HEAD, keys.fresh));
  if (applied.length)
    add("Note a bookmark of the database", async () => {
      plan.bookmark = await bookmarkOf(folder, options);
      note(`    ${safe(plan.bookmark)}`);
    });
  if (pending.length) add(`Migrate the database: ${pending.join(", ")}`, () => migrate(folder, "--remote", options));
  const upload = keys.missing.length ? `, with ${keys.missing.join(" and ")} of ${keys.file}` : "";
  add(`Deploy the Worker ${worker} of ${PACKAGE} ${version}${upload}`, () => deployWorker(folder, plan));
  add("Wait until it is ready", () => waitUntilReady(plan, root(), seconds));
  if (tenant !== undefined)
    add(`Create the tenant ${tenant} and its admin, with the admin's secret in ${adminOut}, unless there is a tenant`, () =>
      createAdmin(plan, root(), { tenant, adminOut }),
    );
  return steps.map(({ title, run }, at) => ({ title: `${at + 1}/${steps.length} ${safe(title)}`, run }));
}

/** Returns how to undo what was done. */
function wayBack({ current, begun, deployed, bookmark, flag }) {
  if (!begun) return [current ? "The deployed Worker was not changed. It works on the newer schema, too." : "Nothing was deployed."];
  if (!deployed) return [`Whether the Worker was deployed is not known: npx wrangler deployments list${flag}`];
  if (!current) return [`There is no version to go back to. To delete the Worker, without its database: npx wrangler delete${flag}`];
  const [, older] = /^@postern\/server (\S+)$/.exec(current.message ?? "") ?? [];
  return [
    `To go back to the version before: npx wrangler rollback ${safe(current.id)}${flag}`,
    ...(older && older !== version ? [`  or: npm install --save-exact ${PACKAGE}@${safe(older)} && npx postern deploy${flag}`] : []),
    "  The database stays as it is. The older Worker works on it.",
    ...(bookmark ? [`To restore the data as of before, which undoes every change since: ${restoreCommand(bookmark, flag)}`] : []),
  ];
}

/** Runs the steps in order. The error of a step says what was done, what was not, and how to go on and back. */
async function follow(steps, plan) {
  for (const [at, { title, run }] of steps.entries()) {
    note(title);
    try {
      if (plan.options.signal.aborted) throw new Failure(EXIT.interrupted, "Interrupted.");
      await run();
    } catch (error) {
      if (!(error instanceof Failure || error instanceof Refusal)) throw error;
      const titles = (some) => some.map((step) => `  ${step.title}`);
      const lines = [
        errorLines(error).join("\n").replace("error: ", ""),
        ...(at > 0 ? ["Done:", ...titles(steps.slice(0, at))] : []),
        "Not done:",
        ...titles(steps.slice(at)),
        `To go on, run the same command again${plan.asked ? `, with --tenant ${safe(JSON.stringify(plan.asked))}` : ""}: it does what is left.`,
        ...wayBack(plan),
      ];
      throw new Failure(error.exit, lines.join("\n"));
    }
  }
}

/** Notes what differs from what this package would write, or needs attention. */
function noteDifferences({ file, options, newer }) {
  const installed = isInstalled && installedFor(dirname(file));
  const found = installed ? drift(written(dirname(file), installed), readRaw(file)) : [];
  if (found.length)
    note([`${safe(options.configuration)} differs from what ${PACKAGE} ${version} would write:`, ...found.map(safe)].join("\n  "));
  if (newer.length) note(`The database has migrations of a newer package, which stay: ${safe(newer.join(", "))}`);
}

/** Completes the flags about the first tenant. At a terminal, the first deployment asks for its name. */
async function firstTenant(plan, { tenant, adminOut, dryRun }) {
  const { worker, current, keys } = plan;
  if (tenant === undefined && !current && isTerminal() && !dryRun) {
    plan.asked = (await ask("Name of the first tenant (Enter: none): ")).trim();
    tenant = plan.asked || undefined;
  }
  if (tenant === undefined) return {};
  if (!keys.fresh.includes("POSTERN_ROOT_TOKEN") && !keys.settings.POSTERN_ROOT_TOKEN)
    throw wrongUse("--tenant needs the root token. Give the file that has it: --out FILE");
  adminOut ??= isTerminal() ? `${worker}-admin.secret` : undefined;
  if (!adminOut) throw wrongUse("Without a terminal, --tenant needs --admin-out FILE, for the secret of the tenant's admin.");
  return { tenant, adminOut };
}

/** Runs `postern deploy`. */
export async function deploy(folder, options) {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(name, () => stop.abort());
  note("Looking at the account");
  const plan = await look(folder, options, stop.signal);
  noteDifferences(plan);
  const { tenant, adminOut } = await firstTenant(plan, options);
  const steps = stepsOf(folder, plan, { ...options, tenant, adminOut });
  if (options.dryRun) {
    print([...steps.map(({ title }) => title), "Nothing was changed (dry run)."]);
    return EXIT.done;
  }
  await follow(steps, plan);
  const { file, fresh } = plan.keys;
  print([
    `Postern is ready at ${plan.url.origin}.`,
    ...(fresh.length ? [`Keep a copy of ${safe(file)} in a safe place: if the master key is lost, every credential is lost.`] : []),
    ...(plan.current ? wayBack(plan) : []),
  ]);
  return EXIT.done;
}
