// node tests/docs.mjs: the assets of the running Worker, and the page at /docs in a headless Chromium, which sends a
// request. `make test` starts the Worker and sets the variables. Prints in the format of cargo's tests, so that
// scripts/test counts them.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { run } from "./run.mjs";

const { POSTERN_URL: url, POSTERN_ROOT_TOKEN: token, POSTERN_CHROMIUM: executablePath } = process.env;
if (!url || !token || !executablePath) throw new Error("`make test` starts the Worker and runs this");

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file) => readFileSync(join(root, file));
const description = JSON.parse(read("docs/openapi/postern.json"));
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const OPERATIONS = Object.entries(description.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => `${method} ${path}`),
);

/** The path at which each file of the assets is served. */
const SERVED = readdirSync(join(root, "build/assets"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== "_headers")
  .map((entry) => join("/", relative(join(root, "build/assets"), join(entry.parentPath ?? entry.path, entry.name))))
  .map((path) => path.replace(/\/index\.html$/, ""));

/** A request that follows no redirect. */
const send = (path, options = {}) => fetch(url + path, { redirect: "manual", ...options });
/** Whether the Worker itself answered. */
const isWorkers = (answer) => answer.headers.has("x-request-id");

const tests = {
  async "the page, its files and the description are served, and the assets folder has nothing else"() {
    assert.deepEqual(SERVED.toSorted(), [
      "/console",
      "/console/console.LICENSE.txt",
      "/console/console.css",
      "/console/console.js",
      "/docs",
      "/docs/docs.css",
      "/docs/docs.js",
      "/docs/swagger-ui-bundle.js",
      "/docs/swagger-ui-bundle.js.LICENSE.txt",
      "/docs/swagger-ui.LICENSE.txt",
      "/docs/swagger-ui.css",
      "/openapi.json",
    ]);
    for (const path of SERVED) assert.equal((await send(path)).status, 200, path);
    const answer = await send("/openapi.json");
    assert.match(answer.headers.get("content-type"), /^application\/json\b/);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(read("docs/openapi/postern.json")));
    assert.match((await send("/docs")).headers.get("content-type"), /^text\/html; charset=utf-8$/i);
    const slash = await send("/docs/");
    assert.deepEqual([slash.status, slash.headers.get("location")], [307, "/docs"]);
  },

  async "every asset has strict security headers and is revalidated by ETag"() {
    for (const path of SERVED) {
      const { headers } = await send(path);
      const [shared, ...own] = headers.get("content-security-policy").split(", ");
      assert.deepEqual(own, path.startsWith("/console") ? ["require-trusted-types-for 'script'; trusted-types 'none'"] : [], path);
      const policy = Object.fromEntries(shared.split("; ").map((part) => part.split(/ (.*)/, 2)));
      assert.deepEqual(
        policy,
        {
          "default-src": "'none'",
          "script-src": "'self'",
          "style-src": "'self'",
          "img-src": "'self' data:",
          "connect-src": "'self'",
          "base-uri": "'none'",
          "form-action": "'none'",
          "frame-ancestors": "'none'",
        },
        path,
      );
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.equal(headers.get("referrer-policy"), "no-referrer", path);
      assert.equal(headers.get("cache-control"), "no-cache", path);
      const again = await send(path, { headers: { "If-None-Match": headers.get("etag") } });
      assert.equal(again.status, 304, path);
    }
  },

  async "an asset answers every method but GET and HEAD with 405"() {
    for (const path of SERVED) {
      assert.equal((await send(path, { method: "HEAD" })).status, 200, path);
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const answer = await send(path, { method });
        assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"], `${method} ${path}`);
      }
    }
  },

  async "every other path is answered by the Worker in the format of its face"() {
    const near = ["/", "/_headers", "/docs/index.html", "/docs/nothing", "/docsx", "/docs.html", "/console.html", "/console/index.html", "/console/src/api.js", "/openapi.json/", "/openapi.yaml"];
    for (const path of near) {
      const answer = await send(path);
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [404, "application/problem+json"], path);
      assert.ok(isWorkers(answer), path);
    }
    for (const path of ["/api/docs", "/v1.0/docs", "/organizations/docs/docs"]) {
      const answer = await send(path);
      assert.match(answer.headers.get("content-type"), /^application\/json/, path);
      assert.ok(isWorkers(answer), path);
    }
  },

  async "no asset hides an operation, and API responses lack the assets' headers"() {
    assert.ok(OPERATIONS.length > 0);
    for (const operation of OPERATIONS) {
      const [method, path] = operation.split(" ");
      const answer = await send(path.replace(/\{.*?\}/g, "x"), { method: method.toUpperCase() });
      assert.ok(isWorkers(answer), operation);
      assert.equal(answer.headers.get("content-security-policy"), null, operation);
    }
  },

  async "the page shows every operation of the description"() {
    await opened(async (page) => {
      assert.ok((await page.locator(".info .title").textContent()).startsWith(description.info.title));
      const shown = await page.locator(".opblock").evaluateAll((blocks) =>
        blocks.map((block) => {
          const path = block.querySelector(".opblock-summary-path").dataset.path;
          return `${block.querySelector(".opblock-summary-method").textContent.toLowerCase()} ${path}`;
        }),
      );
      assert.deepEqual(shown.toSorted(), OPERATIONS.toSorted());
    });
  },

  async "the page sends a request with the entered token and shows the response"() {
    await opened(async (page, seen) => {
      await authorize(page);
      const sent = await execute(page);
      assert.equal(sent.method(), "GET");
      assert.equal((await sent.allHeaders()).authorization, `Bearer ${token}`);
      const answer = page.locator(".live-responses-table .response").first();
      assert.equal((await answer.locator(".response-col_status").innerText()).trim(), "200");
      assert.match(await answer.locator(".response-col_description").innerText(), /"items"/);
      assert.ok(seen.includes(sent.url()));
    });
  },

  async "the page shows the 401 of a request without a token"() {
    await opened(
      async (page) => {
        await execute(page);
        const status = page.locator(".live-responses-table .response .response-col_status").first();
        assert.match(await status.innerText(), /^401\b/);
      },
      // The browser logs a line for every response that is not a success.
      (line) => /the server responded with a status of 401/.test(line),
    );
  },

  async "the token is stored nowhere and forgotten on reload"() {
    await opened(async (page, _seen, context) => {
      await authorize(page);
      assert.equal(await page.locator(".auth-wrapper .authorize.locked").count(), 1);
      const { cookies, origins } = await context.storageState({ indexedDB: true });
      assert.deepEqual({ cookies, origins }, { cookies: [], origins: [] });
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      assert.ok(!page.url().includes(token));
      await page.reload();
      await page.locator(".auth-wrapper .authorize.unlocked").waitFor();
    });
  },

  async "the browser blocks requests to other hosts and framing by other pages"() {
    await inBrowser(async (page) => {
      await page.goto(`${url}/docs`);
      const elsewhere = url.replace("127.0.0.1", "localhost");
      const refused = (act) =>
        page.evaluate(
          ([act, to]) =>
            new Promise((done) => {
              document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
              const script = Object.assign(document.createElement("script"), { src: `${to}/docs/docs.js` });
              if (act === "fetch") fetch(`${to}/openapi.json`).catch(() => {});
              else document.head.append(script);
              setTimeout(done, 5_000, "nothing");
            }),
          [act, elsewhere],
        );
      assert.equal(await refused("fetch"), "connect-src");
      assert.equal(await refused("script"), "script-src-elem");
      // Evaluated later by the page itself: scripts evaluated by the test bypass the policy.
      const evaluated = await page.evaluate(
        () =>
          new Promise((done) => {
            setTimeout(() => {
              try {
                done(window.eval("1"));
              } catch (error) {
                done(error.name);
              }
            });
          }),
      );
      assert.equal(evaluated, "EvalError");
    });
    await inBrowser(async (page) => {
      await page.route("**/*", (route) =>
        route.request().url().endsWith("/outer")
          ? route.fulfill({ contentType: "text/html", body: '<iframe src="/docs"></iframe>' })
          : route.continue(),
      );
      const line = page.waitForEvent("console", { predicate: (message) => message.type() === "error" });
      await page.goto(`${url}/outer`);
      assert.match((await line).text(), /frame-ancestors/);
    });
  },
};

/** A new page in its own browser context. */
async function inBrowser(use) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await use(page, context);
  } finally {
    await context.close();
  }
}

/** Opens /docs and waits until it is rendered. At the end, checks that the console had only `expected` errors, that nothing was
 * thrown, and that no other host was requested. */
async function opened(use, expected = () => false) {
  await inBrowser(async (page, context) => {
    const errors = [];
    const seen = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !expected(message.text())) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("requestfailed", (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on("request", (request) => seen.push(request.url()));
    await page.goto(`${url}/docs`);
    await page.locator(".opblock").first().waitFor();
    await use(page, seen, context);
    assert.deepEqual(errors, []);
    const elsewhere = seen.filter((address) => new URL(address).origin !== url && !address.startsWith("data:"));
    assert.deepEqual(elsewhere, []);
  });
}

/** Enters the root token, as a reader would. */
async function authorize(page) {
  await page.locator(".auth-wrapper .authorize").click();
  const form = page.locator(".auth-container form").filter({ has: page.locator("#auth-bearer-value") });
  await form.locator("input").fill(token);
  await form.locator("button.authorize").click();
  await page.locator(".modal-ux .btn-done").first().click();
}

/** Lists the tenants with "Try it out" and "Execute"; returns the request that this sent. */
async function execute(page) {
  const operation = page.locator(".opblock-get").filter({ has: page.locator('[data-path="/v1/tenants"]') });
  await operation.locator(".opblock-summary-control").click();
  await operation.locator(".try-out__btn").click();
  const sent = page.waitForRequest((request) => new URL(request.url()).pathname === "/v1/tenants");
  await operation.locator("button.execute").click();
  await operation.locator(".live-responses-table").waitFor();
  return sent;
}

// Without the sandbox, which does not work for root and in most containers: the browser opens only our own pages.
const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
const passed = await run("tests/docs.mjs", tests);
await browser.close();
process.exitCode = passed ? 0 : 1;
