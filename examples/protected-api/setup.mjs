// node setup.mjs [DEMO]: with the demo data of a running `make dev`, creates the API's own credential and three callers, unless those
// of an earlier run still work. Writes .dev.vars, which wrangler reads, and a file for each caller that curl reads.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createClient } from "@postern/client";

const { url, admin_token, postern } = JSON.parse(readFileSync(process.argv[2] ?? "../../.dev/demo.json", "utf8"));
const tenant = postern.tenant_id;
const admin = createClient({ url, token: admin_token });

// No token is remembered until the tenant allows it.
const { data: settings } = await admin.get_tenant({ tenant });
if (settings.verify_staleness_seconds === 0) await admin.update_tenant({ tenant, body: { verify_staleness_seconds: 10 } });

await credential("api", { access: "verify", roles: [] }, ".dev.vars", (secret) => `POSTERN_TOKEN="${secret}"\n`);
for (const [name, roles] of [["viewer", ["viewer"]], ["editor", ["editor"]], ["nobody", []]]) {
  const members = { roles: roles.map((role_id) => ({ role_id })) };
  await credential(name, members, `.dev/${name}`, (secret) => `Authorization: Bearer ${secret}\n`);
}
console.log(`
GET  as a viewer:  curl -i -H @.dev/viewer http://127.0.0.1:8788/reports/1
GET  as nobody:    curl -i -H @.dev/nobody http://127.0.0.1:8788/reports/1
DELETE, an editor: curl -i -H @.dev/editor -X DELETE http://127.0.0.1:8788/reports/1
`);

/** Creates a credential and writes its secret to a file, unless the secret in the file works. */
async function credential(name, members, file, format) {
  if (await works(file)) return;
  const { data } = await admin.create_credential({ tenant, body: { name: `protected-api: ${name}`, ...members } });
  mkdirSync(".dev", { recursive: true });
  writeFileSync(file, format(data.secret), { mode: 0o600 });
}

async function works(file) {
  try {
    const [secret] = readFileSync(file, "utf8").match(/pstn_\w+/);
    await createClient({ url, token: secret }).get_self();
    return true;
  } catch {
    return false;
  }
}
