// The program at a terminal: prompts, confirmations and secrets that are shown once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { MAIN, execute, startService } from "./service.mjs";

const TERMINAL = fileURLToPath(new URL("terminal.py", import.meta.url));
let service, tenant;
before(async () => {
  service = await startService();
  tenant = await service.tenant();
});
after(() => service.stop());

/** Runs `postern` at a terminal, and types the answers to what it prints. */
const at = (args, steps = [], token = tenant.admin.secret) => {
  const env = { POSTERN_URL: service.url, POSTERN_TENANT: tenant.id, TERM: "xterm", ...(token && { POSTERN_TOKEN: token }) };
  return execute("python3", [TERMINAL, JSON.stringify(steps), process.execPath, MAIN, ...args.split(" ")], { env });
};

test("tokens are asked for, and not shown while they are typed", async () => {
  const { secret } = await tenant.credential();
  const { code, stdout } = await at(
    "verify",
    [
      ["Token: ", `${tenant.admin.secret}\r`],
      ["Token to check: ", `${secret}\r`],
    ],
    null,
  );
  assert.equal(code, 0, stdout);
  assert.match(stdout, /active +yes/);
  for (const one of [secret, tenant.admin.secret]) assert.ok(!stdout.includes(one.slice(-20)));
});

test("Ctrl-C at a prompt ends the program with exit code 130", async () => {
  const { code } = await at("self show", [["Token: ", "\u0003"]], null);
  assert.equal(code, 130);
});

test("a new secret is shown once, after everything else", async () => {
  const { code, stdout } = await at("credentials create --name shown --role viewer");
  assert.equal(code, 0, stdout);
  assert.equal(stdout.match(/pstn_/g).length, 1);
  const [, secret] = /^secret: (pstn_\S+)\r$/m.exec(stdout);
  assert.equal((await service.api("GET", "/v1/self", undefined, secret)).name, "shown");
});

test("only the word yes confirms a deletion", async () => {
  const { id } = await tenant.credential();
  for (const answer of ["\r", "y\r", "no\r", "\u0004"]) {
    const { code, stdout } = await at(`credentials delete ${id}`, [["Type yes to continue: ", answer]]);
    assert.notEqual(code, 0, stdout);
    assert.equal((await tenant.read(id)).id, id);
  }
  const { code } = await at(`credentials delete ${id}`, [["Type yes to continue: ", "yes\r"]]);
  assert.equal(code, 0);
  await assert.rejects(tenant.read(id), /404/);
});

test("revocation by filters shows what it revokes, then asks", async () => {
  const { id } = await tenant.credential({ name: "preview" });
  const refused = await at("credentials revoke --name-prefix preview", [["Type yes to continue: ", "no\r"]]);
  assert.equal(refused.code, 2);
  assert.match(refused.stdout, new RegExp(`${id} +preview`));
  assert.match(refused.stdout, /Revoke 1 credential\?/);
  assert.equal((await tenant.read(id)).revoked_at, null);
  const { code, stdout } = await at("credentials revoke --name-prefix preview", [["Type yes to continue: ", "yes\r"]]);
  assert.equal(code, 0);
  assert.match(stdout, /1 of 1 credential/);
  assert.notEqual((await tenant.read(id)).revoked_at, null);
});
