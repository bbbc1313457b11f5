// An upgrade from one package to another and back, on this machine.
//
//   node packages/server/test/upgrade.mjs OLD.tgz NEW.tgz      prints how many requests were sent, and which were refused
//
// `make package` builds a package, in a checkout of an older version the older one.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { PROGRAM } from "../src/wrangler.js";
import { startAccount } from "./account.mjs";
import { installed, run, serve, text, workFolder } from "./package.mjs";
import { rehearse } from "./rehearsal.mjs";
import { execute, freePort } from "./service.mjs";
import { inAccount } from "./wrangler.mjs";

/** Runs a program, and fails if it does. */
async function must(result) {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(stdout + stderr);
  return stdout;
}

/** Upgrades with `postern dev`: the local database is migrated while no Worker runs. */
export async function upgradeLocally(folder, old, next) {
  await installed(folder, old);
  await must(run(folder, "init"));
  const port = await freePort();
  let server = await serve(folder, port);
  const restarts = [];
  const change = (tarball) => async () => {
    const from = Date.now();
    await server.stop();
    await installed(folder, tarball);
    server = await serve(folder, port);
    restarts.push([from, Date.now()]);
  };
  const root = parseEnv(text(folder, ".dev.vars")).POSTERN_ROOT_TOKEN;
  try {
    return await rehearse({ url: `http://127.0.0.1:${port}`, root, restarts, upgrade: change(next), back: change(old) });
  } finally {
    await server.stop();
  }
}

/** Upgrades with `postern deploy` in a stand-in for an account: the database is migrated while the older Worker serves requests. */
export async function upgradeInAccount(folder, old, next) {
  const account = await startAccount();
  const env = inAccount(account, folder);
  const deploy = async (tarball) => {
    await installed(folder, tarball);
    await must(run(folder, "deploy --out postern.secret", { env }));
  };
  try {
    await installed(folder, old);
    await must(run(folder, "init"));
    await deploy(old);
    const [{ versions }] = account.deployments;
    return await rehearse({
      url: account.url,
      root: parseEnv(text(folder, "postern.secret")).POSTERN_ROOT_TOKEN,
      restarts: account.restarts,
      upgrade: () => deploy(next),
      back: () => must(execute(process.execPath, [PROGRAM, "rollback", versions[0].version_id], { cwd: folder, env })),
    });
  } finally {
    await account.stop();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [old, next] = process.argv.slice(2);
  const work = workFolder();
  try {
    console.log("postern dev:", await upgradeLocally(`${work}/local`, old, next));
    console.log("postern deploy:", await upgradeInAccount(`${work}/account`, old, next));
  } finally {
    rmSync(work, { recursive: true });
  }
}
