// A stand-in for a Cloudflare account: the part of the API that wrangler uses for a Worker with assets, secrets and D1 databases. The
// Worker that wrangler uploads runs in workerd, and the databases are local ones. Each answer has the form that the real wrangler
// reads; nothing here is known to behave as Cloudflare's network does.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Log, LogLevel, Miniflare } from "../../../bench/miniflare.mjs";
import { freePort } from "./service.mjs";

/** The address of the Worker, as wrangler reports it. test/reach.mjs leads there. */
export const ADDRESS = "https://postern.example.workers.dev";
const ID = "0123456789abcdef0123456789abcdef";
const MISSING = { status: 404, errors: [{ code: 10007, message: "This Worker does not exist on your account." }] };

// Copies a database that workerd may be serving.
const COPY = "import sqlite3, sys; a, b = map(sqlite3.connect, sys.argv[1:]); a.backup(b); b.close()";

/**
 * Starts an account without a Worker. `requests` are those of wrangler, `restarts` from when until when nothing was served.
 * `answer(request)` may return { status, errors } to fail a request.
 */
export async function startAccount() {
  const work = mkdtempSync(join(tmpdir(), "postern-account."));
  const port = await freePort();
  const databases = [];
  const account = { requests: [], restarts: [], answer: () => undefined, url: `http://127.0.0.1:${port}` };
  /** The Worker: its versions, the deployments of them, and the files of its assets by hash. */
  const versions = [];
  const deployments = [];
  const files = new Map();
  const bookmarks = new Map();

  const versionOf = (id) => versions.find((version) => version.id === id);
  const deployed = () => versionOf(deployments.at(-1)?.versions[0].version_id);

  /** The options of workerd for what is deployed. */
  function served() {
    const version = deployed();
    const d1 = {
      d1Databases: Object.fromEntries(databases.map(({ uuid }) => [uuid, uuid])),
      resourcePersistencePath: work,
    };
    const common = { host: "127.0.0.1", log: new Log(LogLevel.ERROR), cf: false, unsafeDirectSockets: [{ host: "127.0.0.1", port }] };
    if (!version) return { ...common, ...d1, modules: true, script: "export default { fetch: () => new Response(null, { status: 404 }) }" };
    const { metadata, modules, bindings, assets } = version;
    const of = (type) => bindings.filter((binding) => binding.type === type);
    return {
      ...common,
      ...d1,
      d1Databases: { ...d1.d1Databases, ...Object.fromEntries(of("d1").map(({ name, id, database_id = id }) => [name, database_id])) },
      compatibilityDate: metadata.compatibility_date,
      modulesRoot: "/",
      modules,
      bindings: Object.fromEntries([...of("secret_text"), ...of("plain_text")].map(({ name, text }) => [name, text])),
      ratelimits: Object.fromEntries(of("ratelimit").map(({ name, namespace_id, simple }) => [name, { namespace_id, simple }])),
      assets,
    };
  }
  let worker = new Miniflare(served());
  await worker.ready;
  let last = Promise.resolve();
  /** Serves what is deployed now, unless `isHeld`: then the version before is served, as at a location that a deployment has not reached. */
  const serve = () => (last = account.isHeld ? last : last.then(restart));
  async function restart() {
    const from = Date.now();
    await worker.setOptions(served());
    account.restarts.push([from, Date.now()]);
  }

  /** Deploys a version, and serves it. */
  async function deploy(id, message) {
    const annotations = { "workers/triggered_by": "deployment", ...(message && { "workers/message": message }) };
    deployments.push({
      id: randomUUID(),
      created_on: new Date().toISOString(),
      source: "wrangler",
      strategy: "percentage",
      author_email: "owner@example.com",
      annotations,
      versions: [{ version_id: id, percentage: 100 }],
    });
    await serve();
  }

  /** Keeps a version. The secrets of the version before are kept too. */
  function keep({ metadata, modules, assets, bindings }) {
    const latest = versions.at(-1);
    const secrets = (latest?.bindings ?? []).filter(({ type }) => type === "secret_text");
    const inherited = (binding) => (binding.type === "inherit" ? secrets.find(({ name }) => name === binding.name) : binding);
    const given = bindings.map((binding) => [binding, inherited(binding)]);
    const lacking = given.filter(([, found]) => !found).map(([{ name }]) => name);
    if (lacking.length)
      return { status: 400, errors: lacking.map((name) => ({ code: 10057, message: `inherit binding '${name}' is invalid` })) };
    const own = given.map(([, found]) => found);
    const version = {
      id: randomUUID(),
      number: versions.length + 1,
      created_on: new Date().toISOString(),
      metadata,
      modules,
      assets,
      bindings: [...own, ...secrets.filter(({ name }) => !own.some((one) => one.name === name))],
      annotations: metadata.annotations,
    };
    versions.push(version);
    return version;
  }

  /** Keeps the version that wrangler uploads. */
  async function upload(form) {
    const metadata = JSON.parse(await form.get("metadata").text?.() ?? form.get("metadata"));
    const modules = [];
    for (const [name, part] of form) {
      if (name === "metadata" || part.type === "application/source-map") continue;
      const type = part.type === "application/wasm" ? "CompiledWasm" : "ESModule";
      const contents = type === "ESModule" ? await part.text() : new Uint8Array(await part.arrayBuffer());
      const module = { type, path: join("/", part.name ?? name), contents };
      if (name === metadata.main_module) modules.unshift(module);
      else modules.push(module);
    }
    const assets = metadata.assets && {
      directory: folderOf(metadata.assets.jwt),
      assetConfig: { html_handling: metadata.assets.config.html_handling },
      routerConfig: {
        has_user_worker: true,
        static_routing: {
          user_worker: metadata.assets.config.run_worker_first.filter((rule) => !rule.startsWith("!")),
          asset_worker: metadata.assets.config.run_worker_first.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1)),
        },
      },
    };
    return keep({ metadata, modules, assets, bindings: metadata.bindings });
  }

  /** Writes the files of a manifest, whose name is the token of its upload, into a folder. */
  const manifests = new Map();
  function folderOf(token) {
    const folder = join(work, token);
    for (const [path, { hash }] of Object.entries(manifests.get(token))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), files.get(hash));
    }
    return folder;
  }

  const fileOf = () => join(work, "d1/miniflare-D1DatabaseObject", readdirSync(join(work, "d1/miniflare-D1DatabaseObject")).find((name) => /^[0-9a-f]+\.sqlite$/.test(name)));

  const script = (found) => (deployments.length || versions.length ? found() : MISSING);
  const secretsOf = () => (versions.at(-1)?.bindings ?? []).filter(({ type }) => type === "secret_text");
  const described = ({ id, number, created_on, bindings, annotations, metadata }) => ({
    id,
    number,
    metadata: { created_on, source: "wrangler", author_email: "owner@example.com" },
    annotations,
    resources: { bindings: bindings.map(({ text, ...binding }) => binding), script: { etag: id }, script_runtime: { compatibility_date: metadata.compatibility_date } },
  });
  /** Keeps and deploys the latest version with other secrets. */
  async function withSecrets(bindings) {
    const latest = versions.at(-1);
    if (deployed() !== latest) return { status: 400, errors: [{ code: 10215, message: "The latest version of the Worker is not deployed." }] };
    const before = latest.bindings.filter(({ type }) => type === "secret_text");
    const all = bindings.map((binding) => {
      if (binding.text !== undefined) return binding;
      return latest.bindings.find(({ name }) => name === binding.name) ?? before.find(({ name }) => name === binding.name);
    });
    const version = { ...latest, id: randomUUID(), number: versions.length + 1, created_on: new Date().toISOString(), bindings: all, annotations: undefined };
    versions.push(version);
    await deploy(version.id);
    return {};
  }

  const WORKER = "/workers/scripts/:name";
  const routes = {
    "GET /workers/services/:name": () =>
      script(() => ({ id: "postern", default_environment: { environment: "production", script: { id: "postern", tag: "tag", tags: [], last_deployed_from: "wrangler" } } })),
    [`GET ${WORKER}/deployments`]: () => script(() => ({ deployments: deployments.toReversed() })),
    async [`POST ${WORKER}/deployments`]({ json, query }) {
      const [{ version_id }] = json.versions;
      const secrets = (version) => JSON.stringify(version.bindings.filter(({ type }) => type === "secret_text").map(({ name, text }) => [name, text]).sort());
      const version = versionOf(version_id);
      // wrangler asks then, and sends the request again with `force`.
      if (deployed() && version.number < deployed().number && secrets(version) !== secrets(deployed()) && !query.get("force"))
        return { status: 400, errors: [{ code: 10220, message: "The following secrets have changed: POSTERN_MASTER_KEY" }] };
      await deploy(version_id, json.annotations?.["workers/message"]);
      return { id: deployments.at(-1).id };
    },
    [`GET ${WORKER}/versions`]: () => ({ items: versions.map(described) }),
    [`GET ${WORKER}/versions/:id`]: ({ params }) => described(versionOf(params.id)),
    async [`POST ${WORKER}/versions`]({ form }) {
      const version = await upload(form);
      return version.errors ? version : { ...described(version), startup_time_ms: 1 };
    },
    async [`PUT ${WORKER}`]({ form }) {
      const version = await upload(form);
      if (version.errors) return version;
      await deploy(version.id, version.annotations?.["workers/message"]);
      return { id: "postern", etag: version.id, deployment_id: version.id.replaceAll("-", ""), startup_time_ms: 1 };
    },
    [`PATCH ${WORKER}/script-settings`]: () => ({}),
    [`GET ${WORKER}/settings`]: () => script(() => ({ bindings: described(versions.at(-1)).resources.bindings })),
    [`PATCH ${WORKER}/settings`]: async ({ form }) => withSecrets(JSON.parse(await form.get("settings").text?.() ?? form.get("settings")).bindings),
    [`GET ${WORKER}/secrets`]: () => script(() => secretsOf().map(({ name }) => ({ name, type: "secret_text" }))),
    async [`PUT ${WORKER}/secrets`]({ json }) {
      const { errors, status } = await withSecrets([...versions.at(-1).bindings.filter(({ name }) => name !== json.name), json]);
      return errors ? { errors, status } : { name: json.name, type: "secret_text" };
    },
    // Newer versions of wrangler.
    [`PATCH ${WORKER}/secrets-bulk`]: ({ json: { secrets } }) =>
      withSecrets([...versions.at(-1).bindings.filter(({ name }) => !(name in secrets)), ...Object.values(secrets).filter(Boolean)]),
    [`DELETE ${WORKER}/secrets/:secret`]: ({ params }) => withSecrets(versions.at(-1).bindings.filter(({ name }) => name !== params.secret)),
    [`POST ${WORKER}/assets-upload-session`]({ json }) {
      const jwt = randomUUID();
      manifests.set(jwt, json.manifest);
      const wanted = [...new Set(Object.values(json.manifest).map(({ hash }) => hash))].filter((hash) => !files.has(hash));
      return { jwt, buckets: wanted.length ? [wanted] : [] };
    },
    async "POST /workers/assets/upload"({ form, headers }) {
      for (const [hash, part] of form) files.set(hash, Buffer.from(typeof part === "string" ? part : await part.text(), "base64"));
      return { status: 201, result: { jwt: headers.authorization.replace("Bearer ", "") } };
    },
    "GET /workers/workers/:name": () => script(() => ({ id: "tag", name: "postern", subdomain: { enabled: true, previews_enabled: false } })),
    [`GET ${WORKER}/subdomain`]: () => ({ enabled: true, previews_enabled: false }),
    [`POST ${WORKER}/subdomain`]: () => ({ enabled: true, previews_enabled: false }),
    "GET /workers/subdomain": () => ({ subdomain: "example" }),
    [`PUT ${WORKER}/schedules`]: ({ json }) => ({ schedules: json }),
    "GET /d1/database": ({ query }) => (query.get("page") === "1" ? databases : []),
    async "POST /d1/database"({ json }) {
      const database = { uuid: randomUUID(), name: json.name, created_at: new Date().toISOString(), version: "production" };
      databases.push(database);
      await serve();
      return database;
    },
    "GET /d1/database/:id": ({ params }) => databases.find(({ uuid }) => uuid === params.id),
    async "POST /d1/database/:id/query"({ params, json }) {
      await last;
      const database = await worker.getD1Database(params.id);
      try {
        const { results, success, meta } = await database.prepare(json.sql).all();
        return [{ results, success, meta }];
      } catch (error) {
        return { status: 400, errors: [{ code: 7500, message: error.message }] };
      }
    },
    "GET /d1/database/:id/time_travel/bookmark"({ query }) {
      const until = query.get("timestamp");
      if (until) {
        const [bookmark] = [...bookmarks].findLast(([, at]) => at <= until) ?? [];
        return bookmark ? { bookmark } : { status: 400, errors: [{ code: 7500, message: "no bookmark is that old" }] };
      }
      const bookmark = `0000000${bookmarks.size}-00000000-00005000-${ID}`;
      // workerd may be writing: SQLite copies a consistent state.
      execFileSync("python3", ["-c", COPY, fileOf(), join(work, bookmark)]);
      bookmarks.set(bookmark, new Date().toISOString());
      return { bookmark };
    },
    async "POST /d1/database/:id/time_travel/restore"({ query }) {
      const bookmark = query.get("bookmark");
      const file = fileOf();
      await worker.dispose();
      for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
      cpSync(join(work, bookmark), file);
      worker = new Miniflare(served());
      await worker.ready;
      return { bookmark, previous_bookmark: bookmark, message: "Database restored" };
    },
  };
  const patterns = Object.entries(routes).map(([route, handle]) => {
    const [method, path] = route.split(" ");
    return { method, handle, pattern: new RegExp(`^${path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`) };
  });

  const api = createServer(async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method, headers } = incoming;
    const url = new URL(incoming.url, "http://api");
    const path = url.pathname.replace(`/client/v4/accounts/${ID}`, "");
    const body = Buffer.concat(chunks);
    const request = { method, path, query: url.searchParams, headers, body };
    account.requests.push(request);
    const type = headers["content-type"] ?? "";
    if (type.includes("json") && body.length) request.json = JSON.parse(body);
    if (type.includes("form-data")) request.form = await new Response(body, { headers: { "content-type": type } }).formData();
    const route = patterns.find((one) => one.method === method && one.pattern.test(path));
    let answer = account.answer(request);
    try {
      if (!route) throw new Error(`no ${method} ${path}`);
      answer ??= await route.handle({ ...request, params: route.pattern.exec(path).groups ?? {} });
    } catch (error) {
      answer = { status: 500, errors: [{ code: 7003, message: `the stand-in failed: ${error.stack}` }] };
    }
    const { status = 200, errors = [] } = answer;
    const result = errors.length ? null : (answer.result ?? answer);
    outgoing.writeHead(status, { "content-type": "application/json" });
    outgoing.end(JSON.stringify({ success: errors.length === 0, errors, messages: [], result, result_info: { page: 1, per_page: 10, count: 1, total_count: 1 } }));
  });
  await new Promise((resolve) => api.listen(0, "127.0.0.1", resolve));

  Object.assign(account, {
    /** The environment in which wrangler uses this account. */
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${api.address().port}/client/v4`,
      CLOUDFLARE_API_TOKEN: "token-of-the-account",
      CLOUDFLARE_ACCOUNT_ID: ID,
    },
    databases,
    deployments,
    serve,
    secrets: () => Object.fromEntries((deployed()?.bindings ?? []).filter(({ type }) => type === "secret_text").map(({ name, text }) => [name, text])),
    query: async (sql) => {
      await last;
      return (await (await worker.getD1Database(databases[0].uuid)).prepare(sql).all()).results;
    },
    async stop() {
      api.closeAllConnections();
      api.close();
      await last;
      await worker.dispose();
      rmSync(work, { recursive: true, force: true });
    },
  });
  return account;
}
