// What is there before a deployment. Nothing here changes anything.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { databaseOf, missingDatabase, problems, read } from "./check.js";
import { serviceUrl } from "./connection.js";
import { migrationsOf, stateOf } from "./database.js";
import { Failure, wrongUse } from "./failure.js";
import { KEYS } from "./init.js";
import { isTerminal } from "./input.js";
import { keyId, keysFile, settingsIn } from "./keys.js";
import { safe } from "./output.js";
import { configFlag, configurationIn, query, wranglerJson } from "./wrangler.js";

/** Returns the deployments of the Worker, oldest first; undefined if the account has no such Worker. */
async function deploymentsOf(folder, options) {
  try {
    return await wranglerJson(folder, ["deployments", "list", "--json"], options);
  } catch (error) {
    // The API's codes for a Worker that does not exist.
    if (/\[code: (10007|10090)\]/.test(error.message)) return undefined;
    throw new Failure(error.exit, `${error.message}\n  Nothing was changed. If you are not logged in: npx wrangler login`);
  }
}

/** Returns the version that serves all requests, with the message of its deployment; undefined if nothing was deployed. */
function currentVersion(deployments) {
  const latest = deployments?.at(-1);
  if (!latest) return undefined;
  if (latest.versions.length !== 1)
    throw wrongUse("A gradual deployment of two versions is in progress. Finish it first: npx wrangler versions deploy");
  return { id: latest.versions[0].version_id, message: latest.annotations?.["workers/message"] };
}

export async function databaseNamed(folder, name, options) {
  return (await wranglerJson(folder, ["d1", "list", "--json"], options)).find((one) => one.name === name);
}

/** Checks that a database can be created. Another deployment's database or Worker is never taken over. */
async function checkNew(folder, file, { worker, current, database, options }) {
  const name = safe(options.configuration);
  if (current)
    throw wrongUse(
      `The account has a Worker ${safe(worker)}, and ${name} has no database_id. If it is this Worker, write the id of its database there; else choose another name.`,
    );
  if (!/\.jsonc?$/.test(file)) throw wrongUse(missingDatabase(file)[0]);
  const same = await databaseNamed(folder, database.database_name, options);
  if (same)
    throw wrongUse(
      `The account has a database ${safe(same.name)}, and ${name} has no database_id. If it is for this Worker, write "database_id": "${safe(same.uuid)}" there; else choose another database_name.`,
    );
}

/** Returns which keys the Worker lacks, which of them are new, and the file that has them. */
async function keysOf(folder, { worker, deployments, applied, options }, out) {
  const present = deployments ? await wranglerJson(folder, ["secret", "list", "--format", "json"], options) : [];
  const missing = Object.keys(KEYS).filter((key) => !present.some(({ name }) => name === key));
  const usual = keysFile(worker);
  const file = out ?? (isTerminal() || existsSync(join(folder, usual)) ? usual : undefined);
  const settings = settingsIn(folder, file);
  const fresh = missing.filter((key) => !settings[key]);
  if (missing.includes("POSTERN_MASTER_KEY") && applied.length) {
    const sql = "SELECT DISTINCT key FROM (SELECT key FROM secrets ORDER BY id DESC LIMIT 20)";
    const ids = (await query(folder, "--remote", sql, options)).map(({ key }) => key);
    if (ids.length && !(settings.POSTERN_MASTER_KEY && ids.includes(keyId(settings.POSTERN_MASTER_KEY))))
      throw wrongUse(
        `The database has credentials, and neither the Worker nor ${file ? safe(file) : "a file"} has their POSTERN_MASTER_KEY. Under another key all of them are lost. Give the file with their key: --out FILE.`,
      );
  }
  if (fresh.length && !file)
    throw wrongUse(
      `The Worker has no ${fresh.join(" and no ")}. Without a terminal, give --out FILE: new keys are kept there, and nowhere else that can be read.`,
    );
  return { file, missing, fresh, settings };
}

/** Returns what is there, or fails if it cannot be deployed to. */
export async function look(folder, { config, url, out }, signal) {
  const file = configurationIn(folder, config);
  const found = problems(file);
  if (found.length) throw wrongUse(found.join("\n"));
  const settings = read(file);
  const { name: worker, workers_dev, assets } = settings;
  if (!worker) throw wrongUse(`${safe(config)} has no name.`);
  if (!workers_dev && !url) throw wrongUse("The Worker has no address at workers.dev. Give its address: --url URL");
  const options = { configuration: config, signal };
  const plan = {
    file,
    worker,
    options,
    database: { database_name: worker, ...databaseOf(settings) },
    url: url && serviceUrl(url),
    flag: configFlag(config),
    // It is deployed with the Worker: what is served at /openapi.json tells an older deployment from this one.
    description: resolve(dirname(file), assets?.directory ?? "", "openapi.json"),
  };
  plan.deployments = await deploymentsOf(folder, options);
  plan.current = currentVersion(plan.deployments);
  if (plan.database.database_id) Object.assign(plan, await stateOf(folder, "--remote", options));
  else {
    await checkNew(folder, file, plan);
    Object.assign(plan, { applied: [], pending: migrationsOf(file), newer: [] });
  }
  plan.keys = await keysOf(folder, plan, out);
  return plan;
}
