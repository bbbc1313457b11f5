// node scripts/dev-data.mjs URL [FOLDER SETTINGS]
//
// Makes what development needs through the running Worker's own HTTP API, as root: a credential of each face and an
// admin. What still works from the last time is kept. Writes FOLDER/demo.json, and prints what to paste next. The root
// token is in SETTINGS, a file of NAME="value" lines. They are .dev and .dev.vars unless they are named.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const [url, folder = '.dev', settings = '.dev.vars'] = process.argv.slice(2);
const ZERO = '00000000-0000-0000-0000-000000000000';
const DEMO = `${folder}/demo.json`; // for scripts; may be deleted
const KEPT = `${folder}/kept.json`; // for the next run, so that a deleted demo.json does not mean new credentials

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

// Coactive: a client made by root in the tenant `acme`, kept while reading itself with its token gives one of the expected
// answers. An ordinary one may get 403: that depends on the roles that the developer gave it.
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

// LiteGraph: the one credential that its documentation updates, all zeros; or another one after it was deleted, since no id is
// used twice. The update on that page sets the token to "default": each start gives it back one of its own.
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

// Keycard: a service account of the organization `acme`, and a credential under it.
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
  console.error(`error: making the development data failed\n  ${method} ${path}\n  ${status} ${text}`);
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

// Whole or not at all: a script may be waiting for the file.
function writeJson(file, value) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function print({ admin_token, coactive, litegraph, keycard }) {
  console.log(`
Postern is ready at ${url}

  own API           ${url}/docs, to read and to try
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

Ctrl-C stops it. A changed source file is rebuilt.
`);
}
