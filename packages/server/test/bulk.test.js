// Revocation by filters.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startRecorder } from "./recorder.mjs";
import { ROOT, postern, startService } from "./service.mjs";

let service, recorder;
before(async () => {
  service = await startService();
  recorder = await startRecorder(service.url);
});
beforeEach(() => recorder.clear());
after(async () => {
  recorder.stop();
  await service.stop();
});

/** A tenant with credentials that were never used. */
async function aged() {
  const tenant = await service.tenant();
  const old = [];
  for (let count = 0; count < 12; count++) old.push((await tenant.credential({ name: `old-${count}` })).id);
  const young = (await tenant.credential({ name: "young" })).id;
  return { ...tenant, old, young };
}
const run = (tenant, args, { token = tenant.admin.secret, ...options } = {}) =>
  postern(args.split(" "), { env: { POSTERN_URL: recorder.url, POSTERN_TOKEN: token, POSTERN_TENANT: tenant.id }, ...options });
const revoked = async (tenant, ids) =>
  (await Promise.all(ids.map(tenant.read))).filter((one) => one.revoked_at !== null).map(({ id }) => id);
const writes = () => recorder.requests.filter(({ method }) => method !== "GET");

test("--unused-since revokes what was not used, and keeps what did not exist then", async () => {
  const tenant = await aged();
  const since = new Date().toISOString();
  const later = (await tenant.credential({ name: "later" })).id;
  const preview = await run(tenant, `credentials revoke --unused-since ${since} --dry-run`);
  assert.equal(preview.code, 0, preview.stderr);
  assert.match(preview.stdout, /old-11/);
  assert.match(preview.stderr, /^Kept 1 credential: created since then\.$/m);
  assert.match(preview.stderr, /^13 credentials would be revoked/m);
  assert.deepEqual(writes(), []);
  const { code, stderr } = await run(tenant, `credentials revoke --unused-since ${since} --yes --reason unused`);
  assert.equal(code, 0, stderr);
  assert.equal((await revoked(tenant, [...tenant.old, tenant.young])).length, 13);
  assert.equal((await tenant.read(tenant.old[0])).revoked_reason, "unused");
  assert.deepEqual(await revoked(tenant, [later, tenant.admin.id]), []);
});

test("without a terminal and without --yes, nothing is revoked", async () => {
  const tenant = await aged();
  const { code, stderr } = await run(tenant, "credentials revoke --name-prefix old", { input: "yes\n" });
  assert.equal(code, 2);
  assert.match(stderr, /--yes/);
  assert.deepEqual(writes(), []);
});

test("the caller's own credential is kept, and a repetition finds nothing left", async () => {
  const tenant = await aged();
  const first = await run(tenant, "credentials revoke --enabled --yes");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^Kept 1 credential: the caller's own\.$/m);
  assert.equal((await revoked(tenant, [...tenant.old, tenant.young])).length, 13);
  recorder.clear();
  const second = await run(tenant, "credentials revoke --enabled --yes --json");
  assert.equal(second.code, 0);
  const { revoked: now, kept } = JSON.parse(second.stdout);
  assert.deepEqual(now, []);
  assert.deepEqual(kept.map(({ reason }) => reason).sort(), [...Array(13).fill("already revoked"), "the caller's own"]);
  assert.deepEqual(writes(), []);
});

test("what fails is reported, the rest is revoked, and the exit code is 1", async () => {
  const tenant = await aged();
  const [changed, refused] = tenant.old;
  recorder.answer = async ({ id, url }) => {
    // Changed by someone else between the list and the revocation.
    if (id === "revoke_credential" && url.includes(changed))
      await service.api("POST", `/v1/tenants/${tenant.id}/credentials/${changed}/rotate`, { grace_seconds: 60 });
    if (id === "revoke_credential" && url.includes(refused))
      return { status: 403, json: { title: "Not\u001b this one", code: "forbidden", status: 403 } };
  };
  const { code, stderr } = await run(tenant, "credentials revoke --name-prefix old --yes");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^Revoked 10 credentials\.$/m);
  assert.match(stderr, new RegExp(`^Failed: ${changed} old-0: Precondition failed`, "m"));
  assert.match(stderr, new RegExp(`^Failed: ${refused} old-1: Not\\\\u\\{1b\\} this one`, "m"));
  assert.deepEqual((await revoked(tenant, tenant.old)).length, 10);
  recorder.clear();
  const again = await run(tenant, "credentials revoke --name-prefix old --yes --json");
  assert.equal(again.code, 0);
  assert.deepEqual(JSON.parse(again.stdout).revoked.sort(), [changed, refused].sort());
});

test("a revocation whose response was lost counts as done", async () => {
  const tenant = await aged();
  recorder.answer = ({ id }) => (id === "revoke_credential" ? "lose" : undefined);
  const { code, stdout } = await run(tenant, "credentials revoke --name-prefix old --yes --json");
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).revoked.length, 12);
  assert.equal(writes().length, 12);
});

test("if the service goes away, the rest is not tried, and the exit code is 3", async () => {
  const tenant = await aged();
  let count = 0;
  recorder.answer = ({ id }) =>
    id === "revoke_credential" && ++count > 4
      ? { status: 503, json: { title: "away", code: "outcome_unknown", status: 503 }, headers: { "retry-after": "0" } }
      : undefined;
  const { code, stdout } = await run(tenant, "credentials revoke --name-prefix old --yes --json --concurrency 1");
  assert.equal(code, 3);
  const result = JSON.parse(stdout);
  assert.deepEqual([result.revoked.length, result.failed.length, result.not_tried.length], [4, 1, 7]);
});

test("no more than --concurrency revocations are in flight", async () => {
  const tenant = await aged();
  let [running, most] = [0, 0];
  let open;
  const three = new Promise((resolve) => (open = resolve));
  recorder.answer = async ({ id }) => {
    if (id !== "revoke_credential") return;
    most = Math.max(most, ++running);
    if (running === 3) open();
    await three;
    running -= 1;
  };
  assert.equal((await run(tenant, "credentials revoke --name-prefix old --yes --concurrency 3")).code, 0);
  assert.equal(most, 3);
});

test("root revokes by filters in the tenant that it names", async () => {
  const tenant = await aged();
  const { code, stderr } = await run(tenant, "credentials revoke --enabled --yes", { token: ROOT });
  assert.equal(code, 0, stderr);
  assert.equal((await revoked(tenant, [...tenant.old, tenant.young, tenant.admin.id])).length, 14);
});
