// node scripts/dev-data.mjs URL [FOLDER SETTINGS]
//
// Creates the demo data with the root token over the running Worker's HTTP API: a credential for each face and an admin. Keeps the
// credentials of an earlier run that still work. Writes FOLDER/demo.json, and prints commands to try. SETTINGS is a file of
// NAME="value" lines with the root token. The defaults are .dev and .dev.vars.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const [url, folder = '.dev', settings = '.dev.vars'] = process.argv.slice(2);
const ZERO = '00000000-0000-0000-0000-000000000000';
const DEMO = `${folder}/demo.json`; // for scripts; may be deleted
const KEPT = `${folder}/kept.json`; // for the next run, which reuses the credentials even if demo.json was deleted

const root_token = setting('POSTERN_ROOT_TOKEN');
const kept = readJson(KEPT) ?? {};

const coactive = await coactiveClient(kept.coactive, { name: 'My OAuth Client' }, pair, [200, 403]);
const admin = await coactiveClient(kept.admin, { name: 'Admin', roles: [{ role_id: 'admin' }] }, secret, [200]);
const litegraph = await litegraphCredential(kept.litegraph);
const keycard = await keycardCredential(kept.keycard);

const postern = { tenant_id: '0'.repeat(26) };
const demo = { url, root_token, admin_token: admin.client_secret, postern, coactive, litegraph, keycard };
writeJson(KEPT, { ...demo, admin });
writeJson(DEMO, demo);
print(demo);

// Coactive: returns a client in the tenant `acme`. An old client is kept if reading itself with its own token returns one of the
// expected statuses. The status can be 403, depending on the roles that the developer gave the client.
async function coactiveClient(old, body, token, expected) {
  const path = '/api/v1/auth-management/clients';
  if (old) {
    const { status } = await send('GET', `${path}/${old.client_id}`, token(old));
    if (expected.includes(status)) return old;
  }
  const { client_id, client_secret } = await must(201, 'POST', path, root_token, body, { 'X-Postern-Tenant': 'acme' });
  return { client_id, client_secret };
}

function pair({ client_id, client_secret }) {
  return `${client_id}:${client_secret}`;
}

function secret({ client_secret }) {
  return client_secret;
}

// LiteGraph: returns the credential of the vendor's documentation, whose GUID is all zeros; if it was deleted, another one, since
// no id is used twice. The documented update sets the token to "default", so each start restores a random token.
async function litegraphCredential(old) {
  const credentials = `/v1.0/tenants/${ZERO}/credentials`;
  const path = `${credentials}/${old?.credential_guid ?? ZERO}`;
  const named = { UserGUID: ZERO, Name: 'Default credential' };

  const found = await send('GET', path, root_token);
  if (found.status !== 200 && found.status !== 404) fail('GET', path, found);
  const shown = found.status === 200 ? found.body : await made();
  const { GUID, Active } = shown;
  let token = shown.BearerToken;
  if (!token || token === 'default' || !Active) {
    if (!token || token === 'default') {
      token = old && old.bearer_token !== 'default' ? old.bearer_token : `dev-${randomBytes(24).toString('hex')}`;
    }
    await must(200, 'PUT', `${credentials}/${GUID}`, root_token, { ...named, BearerToken: token, Active: true });
  }
  return { tenant_guid: ZERO, user_guid: ZERO, credential_guid: GUID, bearer_token: token };

  async function made() {
    const { status, body } = await send('PUT', credentials, root_token, { GUID: ZERO, ...named });
    return status === 200 ? body : must(200, 'PUT', credentials, root_token, named);
  }
}

// Keycard: returns a credential of a service account in the organization `acme`.
async function keycardCredential(old) {
  const accounts = '/organizations/acme/service-accounts';
  const path = (account, id = '') => `${accounts}/${account}/credentials${id && `/${id}`}`;
  if (old) {
    const { status } = await send('GET', path(old.service_account_id, old.credential_id), old.client_secret);
    if (status === 200) return old;
  }
  const account = await must(201, 'POST', accounts, root_token, { name: 'demo' });
  const credential = await must(201, 'POST', path(account.id), root_token, { name: 'demo', description: 'made by make dev' });
  return {
    organization_id: 'acme',
    service_account_id: account.id,
    credential_id: credential.id,
    client_id: credential.client_id,
    client_secret: credential.client_secret,
  };
}

async function send(method, path, token, body, headers = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: parse(text) };
}

async function must(status, method, path, ...rest) {
  const answer = await send(method, path, ...rest);
  if (answer.status !== status) fail(method, path, answer);
  return answer.body;
}

function fail(method, path, { status, text }) {
  console.error(`error: creating the demo data failed\n  ${method} ${path}\n  ${status} ${text}`);
  process.exit(1);
}

function setting(name) {
  const found = [...readFileSync(settings, 'utf8').matchAll(new RegExp(`^${name}=["']?([^"'\\n]+)`, 'gm'))];
  return found.at(-1)[1];
}

function readJson(file) {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Renames the file into place, since a script may be waiting for it.
function writeJson(file, value) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function print({ admin_token, coactive, litegraph, keycard }) {
  console.log(`
Postern is ready at ${url}

  own API           ${url}/docs (documentation, can send requests)
  tenant            acme, ${litegraph.tenant_guid}
  Coactive          client ${coactive.client_id}
  LiteGraph         credential ${litegraph.credential_guid}
  Keycard           credential ${keycard.credential_id} of service account ${keycard.service_account_id}
  root and secrets  ${DEMO}

Update a credential, three ways:

curl -X PUT ${url}/api/v1/auth-management/clients/${coactive.client_id} \\
  -H "Authorization: Bearer ${admin_token}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "My OAuth Client",
    "roles": [
      {
        "role_id": "admin"
      }
    ]
  }'

curl --location --request PUT '${url}/v1.0/tenants/${litegraph.tenant_guid}/credentials/${litegraph.credential_guid}' \\
  --header 'content-type: application/json' \\
  --header 'Authorization: Bearer ${admin_token}' \\
  --data '{
    "UserGUID": "${litegraph.user_guid}",
    "Name": "Updated credential",
    "BearerToken": "default",
    "Active": true
  }'

curl ${url}/organizations/acme/service-accounts/${keycard.service_account_id}/credentials/${keycard.credential_id} \\
  -X PATCH \\
  -H 'Authorization: Bearer ${admin_token}' \\
  -H 'Content-Type: application/json' \\
  -d '{"name": "name", "description": "description"}'

Press Ctrl-C to stop. The Worker is rebuilt when a source file changes.
`);
}
