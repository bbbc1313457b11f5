// Every operation of the description is a command, and the command reaches it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OPERATIONS } from "../src/description.js";
import { COMMANDS } from "../src/operations.js";
import { startRecorder } from "./recorder.mjs";
import { ROOT, postern, startService } from "./service.mjs";

let service, recorder, tenant;
before(async () => {
  service = await startService();
  recorder = await startRecorder(service.url);
  tenant = await service.tenant();
});
after(async () => {
  recorder.stop();
  await service.stop();
});

const asRoot = (args) => ({ args, token: ROOT });
const made = async (members) => (await tenant.credential(members)).id;
const rotating = async () => {
  const id = await made();
  await service.api("POST", `${tenant.path}/credentials/${id}/rotate`, { grace_seconds: 600 });
  return id;
};
const verifying = async (args) => ({ args, input: `${(await tenant.credential()).secret}\n` });
const byItself = async (args) => ({ args, token: (await tenant.credential({ self_rotate: true })).secret });

/** The flags of a trust. */
const TRUST = "--issuer https://issuer.example --subject job:* --audience https://postern.example --claims ref=main --claims id:=7";
/** The flag of a public key. */
const JWK = '--jwk {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';

/** Adds a key or a trust with these flags; the command removes it. */
const removing = async (kind, flags) => {
  const id = await made();
  const { stdout } = await postern(`credentials ${kind} add ${id} ${flags} --json`.split(" "), {
    env: { POSTERN_URL: recorder.url, POSTERN_TOKEN: tenant.admin.secret, POSTERN_TENANT: tenant.id },
  });
  return { args: `credentials ${kind} remove ${id} ${JSON.parse(stdout).id}` };
};

/** For each operation, words after `postern` and what else the command needs. */
const USES = {
  list_credentials: () => ({ args: "credentials list --enabled --limit 2" }),
  create_credential: () => ({ args: "credentials create --name bot --role viewer --json" }),
  get_credential: async () => ({ args: `credentials show ${await made()}` }),
  update_credential: async () => ({ args: `credentials update ${await made()} --name other --dry-run` }),
  replace_credential: async () => ({
    args: `credentials replace ${await made()} --name other --enabled --no-roles --access none --clear-expires-at --principal ${"0".repeat(26)}`,
  }),
  rotate_credential: async () => ({ args: `credentials rotate ${await made()} --grace-seconds 7d --json` }),
  finish_rotation: async () => ({ args: `credentials rotate finish ${await rotating()}` }),
  cancel_rotation: async () => ({ args: `credentials rotate cancel ${await rotating()}` }),
  revoke_credential: async () => ({ args: `credentials revoke ${await made()} --reason leaked` }),
  add_key: async () => ({ args: `credentials keys add ${await made()} ${JWK}` }),
  list_keys: async () => ({ args: `credentials keys list ${await made()}` }),
  remove_key: () => removing("keys", JWK),
  add_trust: async () => ({ args: `credentials trusts add ${await made()} ${TRUST}` }),
  list_trusts: async () => ({ args: `credentials trusts list ${await made()}` }),
  remove_trust: () => removing("trusts", TRUST),
  restore_credential: async () => ({ args: `credentials restore ${await made()}` }),
  delete_credential: async () => ({ args: `credentials delete ${await made()} --yes` }),
  list_credential_events: async () => ({ args: `credentials history ${await made()}` }),
  verify: () => verifying("verify --all viewer"),
  verify_batch: () => verifying("verify batch --any viewer"),
  authorize: () => verifying("authorize --any viewer"),
  list_tenants: () => ({ args: "tenants list" }),
  create_tenant: () => asRoot("tenants create --name Other"),
  get_tenant: () => ({ args: `tenants show ${tenant.id}` }),
  update_tenant: () => ({ args: `tenants update ${tenant.id} --role-names deployer --role-names auditor` }),
  replace_tenant: () => ({
    args: `tenants replace ${tenant.id} --name Acme --enabled --rbac --no-require-if-match --no-role-names`,
  }),
  delete_tenant: async () => asRoot(`tenants delete ${(await service.tenant()).id} --force --yes`),
  list_events: () => ({ args: `tenants history ${tenant.id}` }),
  list_principals: () => ({ args: "principals list" }),
  create_principal: () => ({ args: "principals create --name Build" }),
  get_principal: async () => ({ args: `principals show ${(await tenant.principal()).id}` }),
  update_principal: async () => ({ args: `principals update ${(await tenant.principal()).id} --clear-description` }),
  replace_principal: async () => ({ args: `principals replace ${(await tenant.principal()).id} --name Other --no-enabled` }),
  delete_principal: async () => ({ args: `principals delete ${(await tenant.principal()).id} --yes` }),
  list_principal_events: async () => ({ args: `principals history ${(await tenant.principal()).id}` }),
  get_self: () => ({ args: "self show" }),
  rotate_self: () => byItself("self rotate --grace-seconds 1h --json"),
  revoke_self: () => byItself("self revoke --yes"),
  log_in: async () => {
    const { id, secret } = await tenant.credential();
    return { args: `oauth log-in --client-id client_${id} --json`, token: secret };
  },
  introspect: () => verifying("oauth introspect"),
  server_metadata: () => ({ args: "oauth metadata" }),
  health: () => ({ args: "health" }),
  readiness: () => asRoot("ready"),
};

for (const [id] of OPERATIONS) {
  test(`${id} is a command, which succeeds`, async () => {
    assert.ok(COMMANDS[id], `no command for ${id}: add it to src/operations.js`);
    const { args, token = tenant.admin.secret, input } = await USES[id]();
    assert.equal(args.slice(0, COMMANDS[id].command.length), COMMANDS[id].command);
    recorder.clear();
    const env = { POSTERN_URL: recorder.url, POSTERN_TOKEN: token, POSTERN_TENANT: tenant.id };
    const { code, stdout, stderr } = await postern(args.split(" "), { env, input });
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(
      recorder.requests.map((request) => request.id),
      [id],
    );
  });
}

test("every command of the table is an operation of the description", () => {
  assert.deepEqual(
    Object.keys(COMMANDS).filter((id) => !OPERATIONS.has(id)),
    [],
  );
});
