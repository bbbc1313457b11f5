// The built Worker in workerd with a migrated D1, and the program as a child process.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare, compatibilityDate } from "../../../bench/miniflare.mjs";
import { migrate } from "../../../bench/sides.mjs";

export const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));
export const ROOT = `root_${randomBytes(24).toString("hex")}`;

/** Starts the Worker. `front` is a module in front of it, which imports "./index.js". */
export async function startService(front) {
  const modules = [
    ...(front ? [{ type: "ESModule", path: "front.js", contents: front }] : []),
    { type: "ESModule", path: "index.js", contents: readFileSync("build/index.js") },
    { type: "CompiledWasm", path: "index_bg.wasm", contents: readFileSync("build/index_bg.wasm") },
  ];
  const server = new Miniflare({
    host: "127.0.0.1",
    log: new Log(LogLevel.ERROR),
    cf: false,
    compatibilityDate,
    modules,
    bindings: { POSTERN_ROOT_TOKEN: ROOT, POSTERN_MASTER_KEY: randomBytes(32).toString("hex") },
    d1Databases: { DB: "postern" },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  });
  await server.ready;
  const database = await server.getD1Database("DB");
  await migrate(database);
  const url = (await server.unsafeGetDirectURL()).origin;

  /** Sends a request by root. */
  async function api(method, path, json, token = ROOT) {
    const headers = { authorization: `Bearer ${token}`, ...(json && { "content-type": "application/json" }) };
    const answer = await fetch(url + path, { method, headers, body: json && JSON.stringify(json) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  /** Creates a tenant, with the functions for it. */
  async function tenant(members = {}) {
    const { id } = await api("POST", "/v1/tenants", { name: "Acme", ...members });
    const path = `/v1/tenants/${id}`;
    const credential = (body = {}) => api("POST", `${path}/credentials`, { name: "bot", roles: [{ role_id: "viewer" }], ...body });
    const admin = await credential({ name: "admin", access: "admin" });
    return {
      id,
      path,
      credential,
      admin,
      read: (one) => api("GET", `${path}/credentials/${one}`),
      principal: () => api("POST", `${path}/principals`, { name: "Build" }),
    };
  }
  return { url, api, tenant, database, stop: () => server.dispose() };
}

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A folder that is deleted at the end of the test. */
export function folder(test) {
  const made = mkdtempSync(join(tmpdir(), "postern-cli."));
  test.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Runs a program with that input. Returns its exit code and outputs. */
export function execute(program, args, { env = {}, input = "", cwd } = {}) {
  const { PATH, HOME } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH, HOME, ...env }, cwd });
    const result = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (result[name] += text));
    child.on("error", reject).on("close", (code) => resolve({ code, ...result }));
    // The program may end before it reads its input.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** Runs `postern`. */
export const postern = (args, options) => execute(process.execPath, [MAIN, ...args], options);
