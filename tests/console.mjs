// node tests/console.mjs: the console of the running Worker in a headless Chromium: every page in light and dark, narrow and wide; a
// rotation from creation to history; texts that somebody else entered; who may sign in. `make test` starts the Worker and sets the
// variables. Screenshots are in target/console. Prints in the format of cargo's tests, so that scripts/test counts them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { run } from "./run.mjs";

const { POSTERN_URL: url, POSTERN_ROOT_TOKEN: root, POSTERN_CHROMIUM: executablePath } = process.env;
if (!url || !root || !executablePath) throw new Error("`make test` starts the Worker and runs this");

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const axe = readFileSync(join(folder, "node_modules/axe-core/axe.min.js"), "utf8");
const pictures = join(folder, "target/console");
mkdirSync(pictures, { recursive: true });

async function send(method, path, token, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

// The tenant of the tests.
const VIEWER = [{ role_id: "viewer" }];
const DAY = 86_400_000;
const inDays = (days) => new Date(Date.now() + days * DAY).toISOString();
const tenant = await send("POST", "/v1/tenants", root, { name: "Console", role_names: ["admin", "editor", "viewer", "<i>role</i>"] });
const credentials = `/v1/tenants/${tenant.id}/credentials`;
const make = (name, members = {}) => send("POST", credentials, root, { name, roles: VIEWER, ...members });
const admin = await make("an admin", { access: "admin", roles: [] });
const [editor, reader, verifier] = await Promise.all(["edit", "read", "verify"].map((access) => make(`has ${access}`, { access, roles: [] })));

/** Runs this where the page would: then a text was executed. */
const RAN = "window.ran = 1";
const HOSTILE = [
  `<img src=x onerror="${RAN}">`,
  `<script>${RAN}</script>`,
  `</code></textarea></title></script><svg/onload=${RAN}>`,
  `"><a href="javascript:${RAN}">x</a>`,
  `' onfocus='${RAN}' autofocus='`,
  "{{constructor.constructor('window.ran = 1')()}} ${window.ran = 1}",
  "&lt;b&gt;&amp;&#60;",
  "javascript:window.ran=1",
  "__proto__",
  "constructor",
  "x".repeat(255),
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} می\u200cخواهم 日本",
  "admin\u202Egnp.exe",
  "\u2066\u2067\u202D\u200F right to left",
  "zero\u200Bwidth\uFEFF\u00AD\u2028\u2029",
  "   ",
  "\u3164\u2800",
  "\u0301\u0301",
  `z${"\u0301".repeat(60)}`,
];
/** The text that the console shows: characters that are hidden, or cover others, are named, and every character of a text without letters. */
const asShown = (text) => {
  const name = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  const isBlank = /^[\s\u0301]*$/.test(text);
  return text.replace(isBlank ? /[^]/gu : /[\u200b\u200f\u202d\u202e\u2028\u2029\u2066\u2067\ufeff\u00ad\u3164\u2800]|(?<=\u0301{4})\u0301/gu, name);
};
// Role names and request ids cannot have such characters.
const RESOURCE = [{ role_id: "<i>role</i>", resource: HOSTILE[0], resource_instance: HOSTILE[12] }];
const hostile = [];
for (const text of HOSTILE) {
  hostile.push(await make(text, { description: text, metadata: { [text]: text }, roles: RESOURCE, expires_at: inDays(hostile.length + 1) }));
}
const principal = await send("POST", `/v1/tenants/${tenant.id}/principals`, root, { name: HOSTILE[0], description: HOSTILE[12] });
await send("PATCH", `${credentials}/${hostile[0].id}`, root, { name: HOSTILE[1], metadata: { [HOSTILE[0]]: HOSTILE[2] } });
await send("POST", `${credentials}/${hostile[0].id}/revoke`, root, { reason: HOSTILE[0] });
// Of each kind that the overview lists.
const full = await make("has full access", { roles: null, expires_at: inDays(30), metadata: { team: "search" } });
const rotating = await make("rotating");
await send("POST", `${credentials}/${rotating.id}/rotate`, root, { grace_seconds: 86_400 });
await use(rotating);
await make("ended", { expires_at: inDays(-1) });
// Logs in without a secret.
const JWK = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
const workload = await make("workload", { secret: false });
await send("POST", `${credentials}/${workload.id}/keys`, root, { jwk: { ...JWK, kid: HOSTILE[0] }, expires_at: inDays(30) });
const TRUST = { issuer: "https://issuer.example", subject: `${HOSTILE[1]}*`, audience: HOSTILE[0], claims: { [HOSTILE[2]]: HOSTILE[0], id: 7 } };
await send("POST", `${credentials}/${workload.id}/trusts`, root, { ...TRUST, jwks: { keys: [JWK] }, once: true });
await send("POST", `${credentials}/${workload.id}/trusts`, root, { issuer: "https://other.example", subject: "job", audience: `${url}/x` });

/** Uses the secret, and waits until the use is recorded, which is after the response. */
async function use({ id, secret }) {
  await send("GET", "/v1/self", secret);
  for (;;) {
    const { secrets } = await send("GET", `${credentials}/${id}`, root);
    if (secrets.some(({ id: used, last_used_at }) => secret.includes(used) && last_used_at)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A console in its own browser context. At the end, checks that the page logged only `expected` errors, threw nothing, executed no text
 * of somebody else, and requested nothing from elsewhere. */
async function opened(use, { expected = () => false, hash = "" } = {}) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const errors = [];
    const requests = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !expected(message.text())) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => requests.push(request));
    await page.goto(`${url}/console${hash}`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await use(page, { requests, context });
    assert.deepEqual(errors, []);
    assert.equal(await page.evaluate(() => window.ran), undefined);
    const elsewhere = requests.map((request) => request.url()).filter((each) => !each.startsWith(`${url}/`) && !each.startsWith("data:"));
    assert.deepEqual(elsewhere, []);
  } finally {
    await context.close();
  }
}
const refused = (status) => ({ expected: (line) => line.includes(`the server responded with a status of ${status}`) });

async function signIn(page, token) {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}
const signedIn = async (page, token = admin.secret) => {
  await signIn(page, token);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
};
const click = (page, name, role = "button") => page.getByRole(role, { name, exact: true }).click();
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
async function go(page, hash) {
  await page.evaluate(
    (to) =>
      new Promise((done) => {
        if (location.hash === `#${to}`) return done();
        // The console hears it first, and then renders before the next task.
        addEventListener("hashchange", () => setTimeout(done), { once: true });
        location.hash = to;
      }),
    hash,
  );
  await page.getByText("Loading…").waitFor({ state: "detached" });
}

const NARROW_LIGHT = ["light", 360];
const WIDE_DARK = ["dark", 1280];
const EVERY_WAY = [NARROW_LIGHT, ["light", 1280], ["dark", 360], WIDE_DARK];

/** Checks the page as it is in these color schemes and widths, and takes its pictures. */
async function inspect(page, name, ways = [NARROW_LIGHT, WIDE_DARK]) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  for (const [colorScheme, width] of ways) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const where = `${name}, ${colorScheme}, ${width} px`;
    const widest = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(widest <= width, `${where}: ${widest} px wide`);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`),
      [],
      where,
    );
    await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${width}.png`), fullPage: true });
  }
}

const PAGES = {
  overview: "/",
  credentials: "/credentials",
  filtered: "/credentials?name_prefix=has&role=viewer&enabled=true&sort=-name",
  principals: "/principals",
  "principal-history": `/principals/${principal.id}/history`,
  "tenant-history": "/history",
  credential: `/credentials/${full.id}`,
  rotating: `/credentials/${rotating.id}`,
  workload: `/credentials/${workload.id}`,
  revoked: `/credentials/${hostile[0].id}`,
  history: `/credentials/${hostile[0].id}/history`,
  edit: `/credentials/${full.id}/edit`,
  create: "/credentials/new",
  missing: "/credentials/nothing",
};

const tests = {
  async "every page is accessible and fits in light and dark at 360 and 1280 px"() {
    await opened(async (page) => {
      await inspect(page, "sign-in", EVERY_WAY);
      await signedIn(page);
      for (const [name, hash] of Object.entries(PAGES)) {
        await go(page, hash);
        if (name === "create") {
          await click(page, "Add a role");
          await click(page, "Add metadata");
        }
        await inspect(page, name, EVERY_WAY);
      }
      assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
    });
  },

  async "a rotation from creation over the old secret in use to the history"() {
    await opened(async (page, { requests }) => {
      await signedIn(page);
      await go(page, "/credentials/new");
      await page.getByLabel("Name").fill("deploy");
      await page.getByLabel("Description").fill("from the pipeline");
      await page.getByLabel("Access to Postern").selectOption("none");
      await page.getByLabel("Expires (UTC)").fill("2100-01-02T03:04");
      await click(page, "Add a role");
      await page.getByRole("group", { name: "Role 1" }).getByLabel("Role").selectOption("viewer");
      await page.getByRole("group", { name: "Role 1" }).getByLabel("Resource").fill("dataset");
      await click(page, "Add metadata");
      await page.getByLabel("Key").fill("team");
      await page.getByLabel("Value").fill("search");
      await click(page, "Create");
      await heading(page, "Credential created");
      const old = await page.locator(".secret").textContent();
      await inspect(page, "created");
      await click(page, "I have stored it");
      await page.locator(".secret").waitFor({ state: "detached" });
      await page.getByRole("link", { name: "deploy" }).click();
      await heading(page, "deploy");

      const id = page.url().split("/").at(-1);
      const made = await send("GET", `${credentials}/${id}`, root);
      assert.deepEqual(
        [made.name, made.description, made.access, made.roles, made.metadata, made.expires_at, made.enabled, made.self_rotate],
        ["deploy", "from the pipeline", "none", [{ role_id: "viewer", resource: "dataset" }], { team: "search" }, "2100-01-02T03:04:00.000000Z", true, false],
      );

      await click(page, "Rotate the secret…");
      await page.getByLabel("The old secret stays valid for").selectOption("86400");
      await inspect(page, "rotate");
      await click(page, "Rotate the secret");
      await page.locator(".secret").waitFor();
      const fresh = await page.locator(".secret").textContent();
      assert.notEqual(fresh, old);
      await page.getByText("not used since the rotation").waitFor();
      await use({ id, secret: old });
      await click(page, "Reload");
      await page.getByText("old secret still in use", { exact: true }).waitFor();
      await inspect(page, "in-use");
      await click(page, "Finish the rotation…");
      await page.getByText("It is still in use: its clients will fail.").waitFor();
      await click(page, "Finish the rotation");
      await page.getByRole("button", { name: "Rotate the secret…" }).waitFor();
      await send("GET", "/v1/self", fresh);
      assert.equal((await fetch(`${url}/v1/self`, { headers: { authorization: `Bearer ${old}` } })).status, 401);

      await go(page, `/credentials/${id}/history`);
      await heading(page, "History of a credential");
      const events = await page.locator("main ol > li").allInnerTexts();
      assert.equal(events.length, 3);
      assert.match(events[0], /Secret ended/);
      for (const words of [/Secret created/, /End of a secret changed/]) assert.match(events[1], words);
      for (const words of [/^Created/, /Name\s+after:\s+deploy/, /viewer on dataset/, /team = search/, /Secret created/]) assert.match(events[2], words);
      for (const event of events) assert.match(event, /by an admin, revision/);
      for (const secret of [old, fresh]) assert.ok(!(await page.content()).includes(secret));

      const sent = (method, path) => requests.find((each) => each.method() === method && new URL(each.url()).pathname === path);
      for (const path of [credentials, `${credentials}/${id}/rotate`]) assert.ok((await sent("POST", path).allHeaders())["idempotency-key"], path);
      for (const step of ["rotate", "rotate/finish"]) assert.ok((await sent("POST", `${credentials}/${id}/${step}`).allHeaders())["if-match"], step);
    });
  },

  async "a rotation is cancelled, and a credential is revoked and restored"() {
    const made = await make("cancel");
    await opened(async (page) => {
      await signedIn(page);
      await go(page, `/credentials/${made.id}`);
      await click(page, "Rotate the secret…");
      await click(page, "Rotate the secret");
      await click(page, "Cancel the rotation…");
      await click(page, "Cancel the rotation");
      await page.getByRole("button", { name: "Rotate the secret…" }).waitFor();
      // The new secret ended, so it is no longer shown.
      assert.equal(await page.locator(".secret").count(), 0);
      await send("GET", "/v1/self", made.secret);
      await click(page, "Revoke…");
      await page.getByLabel("Reason").fill("it leaked");
      await inspect(page, "revoke");
      await click(page, "Revoke");
      await page.getByRole("button", { name: "Restore…" }).waitFor();
      assert.equal((await send("GET", `${credentials}/${made.id}`, root)).revoked_reason, "it leaked");
      await click(page, "Restore…");
      await click(page, "Restore");
      await page.getByRole("button", { name: "Revoke…" }).waitFor();
      await send("GET", "/v1/self", made.secret);
    });
  },

  async "an edit shows the difference before it is saved, and widening in red"() {
    const made = await make("edited", { metadata: { kept: "1", removed: "2" }, expires_at: "2101-02-03T04:05:06.789012Z" });
    await opened(async (page, { requests }) => {
      await signedIn(page);
      await go(page, `/credentials/${made.id}/edit`);
      await page.getByLabel("Name").fill("edited, and narrower");
      await page.getByRole("group", { name: "Metadata 2" }).getByLabel("Key").fill("__proto__");
      await click(page, "Remove role 1");
      await click(page, "Show the difference");
      const difference = page.getByRole("status", { name: "Difference" });
      assert.match(await difference.innerText(), /edited, and narrower/);
      assert.doesNotMatch(await difference.innerText(), /widens|Expires/);
      await inspect(page, "narrows");
      await click(page, "Continue editing");
      await page.getByLabel("Full access: every role, on every resource").check();
      await click(page, "Show the difference");
      assert.match(await difference.innerText(), /This change widens access[^]*removed = 2[^]*viewer[^]*full access/);
      await page.emulateMedia({ colorScheme: "light" });
      assert.equal(await difference.evaluate((element) => getComputedStyle(element).borderLeftColor), "rgb(179, 20, 27)");
      await inspect(page, "widens");
      const unchanged = await send("GET", `${credentials}/${made.id}`, root);
      assert.equal(unchanged.revision, 1);
      await click(page, "Save, and widen access");
      await heading(page, "edited, and narrower");
      const saved = await send("GET", `${credentials}/${made.id}`, root);
      assert.deepEqual([saved.roles, saved.expires_at, Object.entries(saved.metadata)], [null, made.expires_at, [["__proto__", "2"], ["kept", "1"]]]);
      const patches = requests.filter((request) => request.method() === "PATCH");
      // What is saved is what the dry run was asked about.
      assert.equal(patches.at(-1).postData(), patches.at(-2).postData());
      assert.ok(patches.at(-2).url().endsWith("?dry_run=true") && !patches.at(-1).url().includes("?"));
      for (const patch of patches) assert.equal((await patch.allHeaders())["if-match"], `"${made.id}.1"`);
    });
  },

  async "a change by somebody else is reported, and nothing is overwritten"() {
    const made = await make("contended");
    await opened(async (page) => {
      await signedIn(page);
      await go(page, `/credentials/${made.id}/edit`);
      await page.getByLabel("Name").fill("mine");
      await click(page, "Show the difference");
      await page.getByRole("status", { name: "Difference" }).waitFor();
      await send("PATCH", `${credentials}/${made.id}`, root, { name: "theirs" });
      await click(page, "Save");
      await page.getByText("Changed by somebody else: reload.").waitFor();
      await inspect(page, "stale");
      assert.equal((await send("GET", `${credentials}/${made.id}`, root)).name, "theirs");
      await click(page, "Reload");
      await page.getByRole("button", { name: "Show the difference" }).waitFor();
      assert.equal(await page.getByLabel("Name").inputValue(), "theirs");
      await go(page, `/credentials/${made.id}`);
      await send("PATCH", `${credentials}/${made.id}`, root, { name: "theirs again" });
      await click(page, "Revoke…");
      await click(page, "Revoke");
      await page.getByText("Changed by somebody else: reload.").waitFor();
      assert.equal((await send("GET", `${credentials}/${made.id}`, root)).revoked_at, null);
    }, refused(412));
  },

  async "each violation is at its field"() {
    await opened(async (page) => {
      await signedIn(page);
      await go(page, "/credentials/new");
      await page.getByLabel("Name").fill("x".repeat(256));
      await page.getByLabel("Principal (id)").fill("nobody");
      await click(page, "Add a role");
      await page.getByRole("group", { name: "Role 1" }).getByLabel("Instance").fill("without a resource");
      await click(page, "Add metadata");
      await page.getByLabel("Value").fill("without a key");
      await click(page, "Create");
      await page.getByText("Validation failed.").waitFor();
      for (const [label, words] of [["Name", /at most 255 characters/], ["Principal (id)", /Must be an id/]]) {
        const field = page.getByLabel(label);
        assert.equal(await field.getAttribute("aria-invalid"), "true");
        const ids = (await field.getAttribute("aria-describedby")).split(" ");
        const texts = await Promise.all(ids.map((each) => page.locator(`#${each}`).innerText()));
        assert.match(texts.join(" "), words);
      }
      assert.match(await page.locator("#roles-problem").innerText(), /\/roles\/0/);
      assert.match(await page.locator("#metadata-problem").innerText(), /at least 1 character/);
      assert.equal(await page.locator(".notice.bad li").count(), 0);
      await inspect(page, "violations");
    }, refused(422));
  },

  async "texts of others are shown as text on every page"() {
    await opened(async (page) => {
      await signedIn(page);
      const shown = async (...texts) => {
        const all = (await page.locator("bdi").allTextContents()).join("\n");
        for (const text of texts) assert.ok(all.includes(asShown(text)), `${JSON.stringify(text)} on ${page.url()}`);
        // Nothing on the page reorders or hides text, and no element came from a text.
        assert.doesNotMatch(await page.locator("body").innerText(), /[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u);
        assert.equal(await page.locator("img, script, svg:not(.timeline svg), i, b, a[href^='javascript'], [onerror], [onfocus]").and(page.locator("body *")).count(), 0);
        assert.equal(await page.evaluate(() => window.ran), undefined);
      };
      await go(page, "/credentials");
      await shown(HOSTILE[1], ...HOSTILE.slice(1));
      await go(page, "/");
      const more = page.getByRole("button", { name: /^Show more of/ });
      while (await more.count()) await more.first().click();
      await shown(...HOSTILE.slice(2));
      await go(page, "/principals");
      await shown(HOSTILE[0], HOSTILE[12]);
      await go(page, `/principals/${principal.id}/history`);
      await shown(HOSTILE[0], HOSTILE[12]);
      await go(page, "/history");
      await shown(HOSTILE[0], HOSTILE[2]);
      await go(page, `/credentials/${hostile[0].id}/history`);
      await shown(HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[12]);
      for (const [index, { id }] of hostile.entries()) {
        await go(page, `/credentials/${id}`);
        await shown(HOSTILE[index], HOSTILE[12], "<i>role</i>");
        await page.locator("h1 bdi").waitFor();
      }
      await inspect(page, "hostile");
      await go(page, `/credentials/${hostile[12].id}/edit`);
      await shown(HOSTILE[12]);
      assert.equal(await page.getByLabel("Name").inputValue(), HOSTILE[12]);
      await page.getByLabel("Description").fill(HOSTILE[0]);
      await page.getByRole("group", { name: "Metadata 1" }).getByLabel("Value").fill(HOSTILE[13]);
      await click(page, "Show the difference");
      await page.getByRole("status", { name: "Difference" }).waitFor();
      await shown(HOSTILE[0], HOSTILE[12], HOSTILE[13]);
    });
  },

  async "keys and trusts are shown as text, and an admin removes one"() {
    await opened(async (page) => {
      await signedIn(page, reader.secret);
      await go(page, `/credentials/${workload.id}`);
      await page.getByRole("heading", { name: "Trusts" }).waitFor();
      assert.equal(await page.getByRole("button", { name: /^Remove/ }).count(), 0);
      await click(page, "Sign out");
      await signedIn(page);
      await go(page, `/credentials/${workload.id}`);
      const [keys, trusts] = ["Keys", "Trusts"].map((name) => page.getByRole("region", { name }));
      await trusts.waitFor();
      const shown = (await page.locator("bdi").allTextContents()).join("\n");
      for (const text of [HOSTILE[0], TRUST.subject, JSON.stringify(HOSTILE[0]), HOSTILE[2], "https://other.example"]) {
        assert.ok(shown.includes(asShown(text)), text);
      }
      await trusts.getByText("tokens for another service are accepted").first().waitFor();
      await page.getByText("None is valid. Rotate the secret to make one.").waitFor();
      await keys.getByRole("button", { name: /^Remove the key/ }).click();
      await inspect(page, "remove-key");
      await keys.getByRole("button", { name: "Remove the key", exact: true }).click();
      await keys.waitFor({ state: "detached" });
      assert.deepEqual((await send("GET", `${credentials}/${workload.id}/keys`, root)).items, []);
      assert.equal((await send("GET", `${credentials}/${workload.id}/trusts`, root)).items.length, 2);
      await go(page, `/credentials/${workload.id}/history`);
      await page.getByText("trusts").first().waitFor();
    });
  },

  async "the overview lists what needs attention"() {
    await opened(async (page) => {
      await signedIn(page);
      await heading(page, "Overview");
      const list = (name) => page.getByRole("region", { name });
      await list("Old secrets still in use").waitFor();
      assert.deepEqual(await list("Old secrets still in use").getByRole("link").allInnerTexts(), ["rotating"]);
      const ending = list("Ends within 90 days");
      assert.match(await ending.getByRole("heading").innerText(), new RegExp(` ${HOSTILE.length}$`));
      assert.equal(await ending.locator("rect").count(), HOSTILE.length);
      await ending.getByRole("button").click();
      assert.equal(await ending.getByRole("link").count(), HOSTILE.length);
      assert.ok((await list("Never rotated").getByRole("link").allInnerTexts()).every((name) => name !== "rotating"));
      for (const name of ["Not used in 90 days", "Never rotated"]) {
        assert.equal(await list(name).getByRole("link", { name: "ended" }).count(), 0);
      }
    });
  },

  async "a list of more than a thousand is examined in parts"() {
    await opened(async (page) => {
      const item = await send("GET", `${credentials}/${full.id}`, root);
      let pages = 0;
      await page.route(`${url}${credentials}?*`, (route) => {
        pages += 1;
        const items = Array.from({ length: 100 }, (_, index) => ({ ...item, id: `${pages}${index}`.padStart(26, "0") }));
        return route.fulfill({ json: { items, next: pages < 15 ? `page ${pages}` : null } });
      });
      await signedIn(page);
      const count = page.getByRole("region", { name: "Ends within 90 days" }).locator(".count");
      await count.getByText("1,000+", { exact: true }).waitFor();
      assert.equal(pages, 10);
      await click(page, "Examine 1,000 more");
      await count.getByText("1,500", { exact: true }).waitFor();
    });
  },

  async "filters are sent to the API, and pages are loaded on request"() {
    await opened(async (page, { requests }) => {
      await signedIn(page);
      await go(page, "/credentials");
      await page.getByText("Filters").click();
      await page.getByLabel("Name begins with").fill("has ");
      await page.getByLabel("State").selectOption("true");
      await page.getByLabel("Expires before (UTC)").fill("2200-01-01");
      await page.getByLabel("Order").selectOption("-name");
      await click(page, "Apply");
      await page.getByRole("link", { name: "rotating" }).waitFor({ state: "detached" });
      await page.getByRole("link", { name: "has full access" }).waitFor();
      assert.equal(await page.locator("main .rows > li").count(), 1);
      const last = new URL(requests.map((request) => request.url()).findLast((each) => each.includes("name_prefix")));
      assert.deepEqual(Object.fromEntries(last.searchParams), {
        name_prefix: "has ",
        enabled: "true",
        expires_before: "2200-01-01T00:00:00Z",
        sort: "-name",
        limit: "50",
      });
      await page.route(`${url}/v1/tenants/${tenant.id}/principals?*`, async (route) => {
        const cursor = new URL(route.request().url()).searchParams.get("cursor");
        const items = Array.from({ length: 50 }, (_, index) => ({ id: "0".repeat(26), name: `${cursor ?? "first"} ${index}`, description: null, enabled: true, created_at: inDays(0) }));
        await route.fulfill({ json: { items, next: cursor ? null : "second" } });
      });
      await go(page, "/principals");
      await page.getByText("first 49").waitFor();
      await click(page, "Show more");
      await page.getByText("second 49").waitFor();
      assert.equal(await page.locator("main .rows > li").count(), 100);
      assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
    });
  },

  async "the root token, and a credential without read access, cannot sign in"() {
    await opened(async (page, { requests }) => {
      await signIn(page, root);
      await page.getByText("The root token cannot sign in here.").waitFor();
      assert.equal(await page.getByLabel("Token").inputValue(), "");
      await inspect(page, "root-refused");
      await signIn(page, verifier.secret);
      await page.getByText("This credential has access verify.").waitFor();
      await signIn(page, "pstn_nothing");
      await page.getByText("Authentication failed.").waitFor();
      await signIn(page, "not a token");
      await page.getByText("This is not a token.").waitFor();
      assert.equal(await page.getByRole("navigation").count(), 0);
      assert.deepEqual([...new Set(requests.map((each) => new URL(each.url()).pathname).filter((path) => path.startsWith("/v1")))], ["/v1/self"]);
    }, { expected: (line) => /status of (401|403)/.test(line) });
  },

  async "a reader and an editor are offered only what they may do"() {
    await opened(async (page) => {
      await signedIn(page, reader.secret);
      await go(page, `/credentials/${full.id}`);
      await page.getByRole("link", { name: "History" }).nth(1).waitFor();
      assert.deepEqual(await page.locator("main").getByRole("button").allInnerTexts(), ["Reload"]);
      assert.equal(await page.getByRole("link", { name: "Edit" }).count(), 0);
      await go(page, `/credentials/${full.id}/edit`);
      await page.getByText("cannot be changed").waitFor();
      await go(page, "/credentials");
      assert.equal(await page.getByRole("link", { name: "Create a credential" }).count(), 0);
      await click(page, "Sign out");
      await signedIn(page, editor.secret);
      await go(page, `/credentials/${full.id}/edit`);
      await page.getByLabel("Description").fill("by an editor");
      assert.equal(await page.locator("main form").getByRole("textbox").count(), 2);
      await click(page, "Show the difference");
      await click(page, "Save");
      await heading(page, "has full access");
      assert.deepEqual(await page.locator("main").getByRole("button").allInnerTexts(), ["Reload"]);
      assert.equal((await send("GET", `${credentials}/${full.id}`, root)).description, "by an editor");
    });
  },

  async "the token is stored nowhere, and forgotten on reload and on signing out"() {
    await opened(async (page, { requests, context }) => {
      await signedIn(page);
      await go(page, "/credentials");
      assert.deepEqual(await context.storageState({ indexedDB: true }), { cookies: [], origins: [] });
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      assert.ok(!(await page.content()).includes(admin.secret));
      assert.ok(requests.every((request) => !request.url().includes(admin.secret)));
      await page.reload();
      await heading(page, "Sign in");
      await signedIn(page);
      // The page that was open is opened again.
      await heading(page, "Credentials");
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
      await heading(page, "Sign in");
      await signedIn(page);
      await click(page, "Sign out");
      await heading(page, "Sign in");
    });
  },

  async "a token that is no longer accepted signs out"() {
    const made = await make("short", { access: "read" });
    await opened(async (page) => {
      await signedIn(page, made.secret);
      await go(page, "/credentials");
      await send("POST", `${credentials}/${made.id}/revoke`, root, {});
      await page.evaluate(() => (location.hash = "/principals"));
      await heading(page, "Sign in");
      await page.getByText("Authentication failed.").waitFor();
    }, refused(401));
  },

  async "a secret is dropped when its view is left, and stored nowhere"() {
    await opened(async (page, { context }) => {
      await signedIn(page);
      await go(page, `/credentials/${(await make("left")).id}`);
      await click(page, "Rotate the secret…");
      await click(page, "Rotate the secret");
      const secret = await page.locator(".secret").textContent();
      assert.match(secret, /^pstn_/);
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await click(page, "Copy");
      await page.getByText("Copied.").waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
      // The view of another credential is the same page.
      await go(page, `/credentials/${full.id}`);
      assert.ok(!(await page.content()).includes(secret));
      await page.goBack();
      await page.getByText("not used since the rotation").waitFor();
      assert.ok(!(await page.content()).includes(secret));
      assert.deepEqual(await context.storageState({ indexedDB: true }), { cookies: [], origins: [] });
      assert.deepEqual(await page.evaluate(() => [sessionStorage.length, window.name, history.state]), [0, "", null]);
    });
  },

  async "no script or style is inline, and no text can become HTML"() {
    await opened(async (page) => {
      const source = await (await fetch(`${url}/console`)).text();
      assert.doesNotMatch(source, /<style|style=|<script(?! src="\/console\/console\.js" defer><)|\son\w+=/);
      const thrown = await page.evaluate(
        () =>
          new Promise((done) => {
            // Evaluated later by the page itself: scripts evaluated by the test bypass the policy.
            setTimeout(() => {
              try {
                document.body.insertAdjacentHTML("beforeend", "<p>text");
                done("nothing");
              } catch (error) {
                done(error.name);
              }
            });
          }),
      );
      assert.equal(thrown, "TypeError");
    }, { expected: (line) => line.includes("TrustedHTML") });
  },

  async "without its lines in wrangler.toml there is no console"() {
    const work = mkdtempSync(join(tmpdir(), "postern-console."));
    const config = readFileSync(join(folder, "wrangler.toml"), "utf8");
    const without = config.split("\n").filter((line) => !line.includes('"!/console'));
    assert.equal(config.split("\n").length - without.length, 5);
    writeFileSync(join(work, "wrangler.toml"), without.join("\n"));
    writeFileSync(join(work, "settings"), `POSTERN_ROOT_TOKEN="root_${randomBytes(24).toString("hex")}"\nPOSTERN_MASTER_KEY="${randomBytes(32).toString("hex")}"\n`);
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address();
    listener.close();
    await once(listener, "close");
    const worker = spawn(process.execPath, ["scripts/serve.mjs", port, join(work, "state"), join(work, "settings")], {
      cwd: folder,
      env: { ...process.env, WRANGLER_CONFIG: join(work, "wrangler.toml") },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(worker.stdout, "data");
      assert.equal((await fetch(`http://127.0.0.1:${port}/docs`)).status, 200);
      for (const path of ["/console", "/console/", "/console/console.js", "/console/console.css", "/console/console.LICENSE.txt"]) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`);
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [404, "application/problem+json"], path);
        assert.equal((await answer.json()).code, "no_route");
      }
    } finally {
      worker.kill();
      await once(worker, "exit");
      rmSync(work, { recursive: true });
    }
  },
};

// Without the sandbox, which does not work for root and in most containers: the browser opens only our own pages.
const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
const passed = await run("tests/console.mjs", tests);
await browser.close();
process.exitCode = passed ? 0 : 1;
