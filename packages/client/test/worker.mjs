// The built Worker in workerd with a local D1, for the tests of the client and of examples/.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Log, LogLevel, Miniflare, compatibilityDate } from "../../../bench/miniflare.mjs";
import { migrate } from "../../../bench/sides.mjs";
import { createClient } from "../src/client.js";

const { POSTERN_BUILD: build = "build" } = process.env;
const from = (path, file, type = "ESModule") => ({ type, path, contents: readFileSync(file) });

/**
 * Starts the Worker `postern`, in front of a D1 that fails on request (tests/faults/front.mjs), and other Workers. Returns the address of
 * each Worker, a client with the root token, and a tenant with that bound.
 */
export async function start({ bound = 0, workers = [], token = `root_${randomBytes(24).toString("hex")}` } = {}) {
  const socket = { compatibilityDate, unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };
  const server = new Miniflare({
    host: "127.0.0.1",
    log: new Log(LogLevel.ERROR),
    // What Postern and the examples log when they fail on purpose.
    handleStructuredLogs() {},
    cf: false,
    workers: [
      {
        name: "postern",
        modules: [
          from("front.js", "tests/faults/front.mjs"),
          from("index.js", `${build}/index.js`),
          from("index_bg.wasm", `${build}/index_bg.wasm`, "CompiledWasm"),
        ],
        bindings: { POSTERN_ROOT_TOKEN: token, POSTERN_MASTER_KEY: randomBytes(32).toString("hex") },
        d1Databases: { DB: "postern" },
        ...socket,
      },
      ...workers.map((worker) => ({ ...socket, ...worker })),
    ],
  });
  await server.ready;
  await migrate(await server.getD1Database("DB", "postern"));
  const addressOf = async (name) => (await server.unsafeGetDirectURL(name)).origin;
  const url = await addressOf("postern");
  const client = createClient({ url, token });
  const { data: tenant } = await client.create_tenant({ body: { name: "one", verify_staleness_seconds: bound } });
  const credential = async (members = {}) =>
    (await client.create_credential({ tenant: tenant.id, body: { name: "one", roles: [{ role_id: "viewer" }], ...members } })).data;
  return { server, url, addressOf, root: token, client, tenant: tenant.id, credential, stop: () => server.dispose() };
}
