// `postern dev`: migrates the local database and serves the Worker with the pinned wrangler. Its state is in the folder's .wrangler.
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { CONFIGURATION, KEYS, SETTINGS } from "./init.js";
import { settingsIn } from "./keys.js";
import { note, print } from "./run.js";
import { migrate, start } from "./wrangler.js";

/** In ms. */
const [START, STOP] = [60_000, 20_000];

const isTaken = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("connect", () => socket.destroy()).on("error", () => resolve(false));
  });

/** Returns the arguments for the settings that the configuration does not require: of the file, wrangler reads only the others. */
function optionalSettings(folder, settings) {
  const configuration = readFileSync(join(folder, CONFIGURATION), "utf8");
  const isSecret = (name) => /KEY|SECRET|PASSWORD|TOKEN(?!_PREFIX$)/.test(name);
  // An argument is no place for a secret.
  const unlisted = Object.keys(settings).find((name) => isSecret(name) && !configuration.includes(`"${name}"`));
  if (unlisted) throw wrongUse(`${unlisted} is in ${SETTINGS}, but not in secrets.required of ${CONFIGURATION}. Add it there.`);
  return Object.entries(settings)
    .filter(([name]) => !isSecret(name))
    .flatMap(([name, value]) => ["--var", `${name}:${value}`]);
}

/** Waits until the Worker can serve requests. */
async function ready(url, token, child) {
  let ended = false;
  child.ended.then(() => (ended = true));
  const end = Date.now() + START;
  let found = "no response";
  while (Date.now() < end && !ended) {
    try {
      const answer = await fetch(`${url}/readyz`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(5_000),
      });
      if (answer.ok) return;
      found = await answer.text();
    } catch {
      // Not listening yet.
    }
    await wait(100);
  }
  throw new Failure(EXIT.unreachable, ended ? "wrangler ended." : `The Worker did not become ready: ${found}`);
}

const help = (url) => `
Postern is ready at ${url}, and documented at ${url}/docs. Try in a second terminal, in this folder:

  export POSTERN_URL=${url}
  npx postern tenants create --name Acme --token-file ${SETTINGS}
  npx postern credentials create --name admin --access admin --no-roles --out admin.secret --token-file ${SETTINGS} --tenant ID
  npx postern verify --from admin.secret --token-file admin.secret

Ctrl-C stops it. The data is in .wrangler.
`;

/** Runs `postern dev`. Returns the exit code when it is stopped. */
export async function dev(folder, { port = 8787 } = {}) {
  for (const file of [CONFIGURATION, SETTINGS]) {
    if (!existsSync(join(folder, file))) throw wrongUse(`This folder has no ${file}. Run postern init first.`);
  }
  if (await isTaken(port)) throw wrongUse(`Port ${port} is in use. Choose another one: --port ${port + 1}`);
  const settings = settingsIn(folder, SETTINGS);
  for (const name of Object.keys(KEYS)) if (!settings[name]) throw wrongUse(`${SETTINGS} has no ${name}. Run postern init, which adds it.`);
  const url = `http://127.0.0.1:${port}`;
  // So that log-ins without a secret work here, too.
  const optional = optionalSettings(folder, { POSTERN_ISSUER: url, ...settings });
  note("Migrating the local database");
  await migrate(folder, "--local");
  note("Starting the Worker");
  const child = start(
    folder,
    ["dev", "--ip", "127.0.0.1", "--port", String(port), "--show-interactive-dev-session=false", ...optional],
    { stdio: ["ignore", 2, 2], detached: true },
  );
  // In a process group of its own, wrangler gets Ctrl-C only from here, and can be killed with the processes that it started.
  let stopping = false;
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const stop = () => {
    if (stopping) return;
    stopping = true;
    child.kill("SIGTERM");
    setTimeout(kill, STOP, "SIGKILL").unref();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  process.on("exit", () => kill("SIGKILL"));
  try {
    await ready(url, settings.POSTERN_ROOT_TOKEN, child);
    print([help(url)]);
  } catch (error) {
    if (!stopping) {
      stop();
      await child.ended;
      throw error;
    }
  }
  const code = await child.ended;
  return stopping ? EXIT.done : code === 0 ? EXIT.done : EXIT.refused;
}
