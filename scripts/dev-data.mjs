// node scripts/dev-data.mjs URL [FOLDER SETTINGS]
//
// Creates the demo data with the root token over the running Worker's HTTP API: the tenant `acme`, a credential for each
// face and an admin. Keeps the credentials of an earlier run that still work, and replaces the others, whatever was done
// to them. Writes FOLDER/demo.json, and prints commands to try. SETTINGS is a file of NAME="value" lines with the root
// token. The defaults are .dev and .dev.vars.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

const [url, folder = '.dev', settings = '.dev.vars'] = process.argv.slice(2);
const ZERO = '00000000-0000-0000-0000-000000000000';
const DEMO = `${folder}/demo.json`; // for scripts; may be deleted
const KEPT = `${folder}/kept.json`; // for the next run, so that a deleted demo.json does not mean new credentials

const root_token = parseEnv(readFileSync(settings, 'utf8')).POSTERN_ROOT_TOKEN;
const kept = readJson(KEPT) ?? {};

const tenant = await demoTenant();
const coactive = await coactiveClient(kept.coactive, { name: 'My OAuth Client' });
const admin = await coactiveClient(kept.admin, { name: 'Admin', roles: [{ role_id: 'admin' }] }, 'admin');
const litegraph = await litegraphCredential(kept.litegraph);
const keycard = await keycardCredential(kept.keycard);

const postern = { tenant_id: tenant.id };
const demo = { url, root_token, admin_token: admin.client_secret, postern, coactive, litegraph, keycard };
writeJson(KEPT, { ...demo, admin });
writeJson(DEMO, demo);
print(demo);

// Returns the tenant `acme` of dev-tenant.sql, enabled and with roles. If it was deleted, creates another one: no id is used
// twice.
async function demoTenant() {
  const found = await send('GET', '/organizations/acme', root_token);
  const { id, label } = found.status === 200 ? found.body : await must(201, 'POST', '/organizations', root_token, { name: 'Acme' });
  await must(200, 'PATCH', `/v1/tenants/${id}`, root_token, { enabled: true, rbac: true });
  return { id, label, guid: guid(id) };
}

// Returns whether a token is valid and has the needed access.
async function works(token, needed) {
  const { active, access } = await must(200, 'POST', '/v1/verify', root_token, { token });
  return active && (!needed || access === needed);
}

// Coactive: returns a client in the tenant. An old client is kept if its secret works.
async function coactiveClient(old, body, access) {
  const path = '/api/v1/auth-management/clients';
  if (old && (await works(`${old.client_id}:${old.client_secret}`, access))) return old;
  const made = await must(201, 'POST', path, root_token, body, { 'X-Postern-Tenant': tenant.label });
  return { client_id: made.client_id, client_secret: made.client_secret };
}

// LiteGraph: returns the credential of the vendor's documentation, whose GUID is all zeros; another one if an update cannot
// repair that one. The documented update sets the token to "default", so each start restores a random token.
async function litegraphCredential(old) {
  const credentials = `/v1.0/tenants/${tenant.guid}/credentials`;
  const named = { UserGUID: ZERO, Name: 'Default credential' };
  const own = (token) => token && token !== 'default';

  let { body: shown } = await send('GET', `${credentials}/${old?.credential_guid ?? ZERO}`, root_token);
  if (shown?.GUID && !(own(shown.BearerToken) && (await works(shown.BearerToken)))) {
    const token = [shown.BearerToken, old?.bearer_token].find(own) ?? `dev-${randomBytes(24).toString('hex')}`;
    const update = { ...named, BearerToken: token, Active: true };
    const { status, body } = await send('PUT', `${credentials}/${shown.GUID}`, root_token, update, { 'If-Match': '*' });
    shown = status === 200 && (await works(token)) ? body : undefined;
  }
  if (!shown?.GUID) {
    const made = await send('PUT', credentials, root_token, { GUID: ZERO, ...named });
    shown = made.status === 200 ? made.body : await must(200, 'PUT', credentials, root_token, named);
  }
  const { UserGUID: user_guid, GUID: credential_guid, BearerToken: bearer_token } = shown;
  return { tenant_guid: tenant.guid, user_guid, credential_guid, bearer_token };
}

// Keycard: returns a credential of a service account in the organization.
async function keycardCredential(old) {
  const accounts = `/organizations/${tenant.label}/service-accounts`;
  const path = (account, id = '') => `${accounts}/${account}/credentials${id && `/${id}`}`;
  if (old && (await works(old.client_secret))) {
    const { status } = await send('GET', path(old.service_account_id, old.credential_id), root_token);
    if (status === 200) return old;
  }
  const account = await must(201, 'POST', accounts, root_token, { name: 'demo' });
  const credential = await must(201, 'POST', path(account.id), root_token, { name: 'demo', description: 'made by make dev' });
  return {
    organization_id: tenant.label,
    service_account_id: account.id,
    credential_id: credential.id,
    client_id: credential.client_id,
    client_secret: credential.client_secret,
  };
}

// Returns an id as LiteGraph spells it.
function guid(id) {
  const bits = [...id].reduce((sum, letter) => (sum << 5n) | BigInt('0123456789abcdefghjkmnpqrstvwxyz'.indexOf(letter)), 0n);
  return bits.toString(16).padStart(32, '0').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
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
  const { label } = tenant;
  console.log(`
Postern is ready at ${url}

  own API           ${url}/docs, to read and to try
  tenant            ${label}, ${litegraph.tenant_guid}
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

curl ${url}/organizations/${label}/service-accounts/${keycard.service_account_id}/credentials/${keycard.credential_id} \\
  -X PATCH \\
  -H 'Authorization: Bearer ${admin_token}' \\
  -H 'Content-Type: application/json' \\
  -d '{"name": "name", "description": "description"}'

Ctrl-C stops it. A changed source file is rebuilt.
`);
}
