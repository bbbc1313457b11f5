// The built Worker in workerd with a local D1, for the tests of the client and of examples/.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { Log, LogLevel, Miniflare, compatibilityDate } from "../../../bench/miniflare.mjs";
import { migrate } from "../../../bench/sides.mjs";
import { createClient } from "../src/client.js";

const { POSTERN_BUILD: build = "build" } = process.env;
/** Counts verifications: GET /-/verifications. */
const COUNTED = `
  import postern from "./front.js";
  let count = 0;
  export default {
    ...postern,
    fetch(request, env, context) {
      const { pathname } = new URL(request.url);
      if (pathname === "/-/verifications") return Response.json(count);
      if (pathname === "/v1/verify") count += 1;
      return postern.fetch(request, env, context);
    },
  };
`;
const from = (path, file, type = "ESModule") => ({ type, path, contents: readFileSync(file) });

/**
 * Starts the Worker `postern`, in front of a D1 that fails on request (tests/faults/front.mjs). Returns its address, a client with the
 * root token, and a tenant with that bound.
 */
export async function start({ bound = 0 } = {}) {
  const token = `root_${randomBytes(24).toString("hex")}`;
  const unsafeDirectSockets = [{ host: "127.0.0.1", port: 0 }];
  const postern = {
    name: "postern",
    compatibilityDate,
    modules: [
      { type: "ESModule", path: "counted.js", contents: COUNTED },
      from("front.js", "tests/faults/front.mjs"),
      from("index.js", `${build}/index.js`),
      from("index_bg.wasm", `${build}/index_bg.wasm`, "CompiledWasm"),
    ],
    bindings: { POSTERN_ROOT_TOKEN: token, POSTERN_MASTER_KEY: randomBytes(32).toString("hex") },
    d1Databases: { DB: "postern" },
    unsafeDirectSockets,
  };
  const state = mkdtempSync(`${tmpdir()}/postern-client-test.`);
  const options = (workers) => ({
    host: "127.0.0.1",
    log: new Log(LogLevel.ERROR),
    // What Postern and the examples log when they fail on purpose.
    handleStructuredLogs() {},
    cf: false,
    resourcePersistencePath: state,
    workers: [postern, ...workers],
  });
  const server = new Miniflare(options([]));
  await server.ready;
  await migrate(await server.getD1Database("DB", "postern"));
  const url = (await server.unsafeGetDirectURL("postern")).origin;
  const client = createClient({ url, token });
  const { data: tenant } = await client.create_tenant({ body: { name: "one", verify_staleness_seconds: bound } });
  const credential = async (members = {}) =>
    (await client.create_credential({ tenant: tenant.id, body: { name: "one", roles: [{ role_id: "viewer" }], ...members } })).data;
  return {
    url,
    root: token,
    client,
    tenant: tenant.id,
    credential,
    /** Restarts Postern together with other Workers. Returns their addresses. */
    async add(workers) {
      await server.setOptions(options(workers.map((worker) => ({ ...worker, unsafeDirectSockets }))));
      const addressOf = async ({ name }) => (await server.unsafeGetDirectURL(name)).origin;
      assert.equal(await addressOf(postern), url);
      return Promise.all(workers.map(addressOf));
    },
    verifications: async () => (await fetch(`${url}/-/verifications`)).json(),
    async stop() {
      await server.dispose();
      rmSync(state, { recursive: true });
    },
  };
}
