// node tests/oauth.mjs: the OAuth clients openid-client and oauth4webapi discover the running Worker, log in, introspect and call,
// over http and behind TLS. `make test` starts the Worker and sets the variables. Prints what cargo's tests print, so that
// scripts/test counts them.
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { run } from "./run.mjs";

const { POSTERN_URL: url, POSTERN_ROOT_TOKEN: root } = process.env;
if (!url || !root) throw new Error("`make test` starts the Worker and runs this");

const insecure = url.startsWith("http:");
const ZERO = "00000000-0000-0000-0000-000000000000";
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

async function send(method, path, body) {
  const headers = { authorization: `Bearer ${root}`, "content-type": "application/json" };
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

/** A GUID from an id in base32, and the other way. */
function guid(id) {
  const hex = [...id].reduce((sum, digit) => sum * 32n + BigInt(DIGITS.indexOf(digit)), 0n).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
function base32(guid) {
  const bits = BigInt(`0x${guid.replaceAll("-", "")}`);
  return Array.from({ length: 26 }, (_, at) => DIGITS[Number((bits >> BigInt(5 * (25 - at))) & 31n)]).join("");
}

const tenant = await send("POST", "/v1/tenants", { name: "OAuth clients" });
const credentials = `/v1/tenants/${tenant.id}/credentials`;
const roles = (names) => names.map((role_id) => ({ role_id }));

/** A client whose secret was made by Postern. */
async function issued(names, expires_at = null) {
  const made = await send("POST", credentials, { name: "a client", roles: roles(names), access: "read", expires_at });
  return { id: `client_${made.id}`, secret: made.secret, scope: names.join(" ") };
}

/** A client that chose its secret, of which much is encoded in a form. */
async function chosen(secret) {
  const body = { UserGUID: ZERO, Name: "a client", BearerToken: secret };
  const made = await send("PUT", `/v1.0/tenants/${guid(tenant.id)}/credentials`, body);
  await send("PATCH", `${credentials}/${base32(made.GUID)}`, { access: "read" });
  return { id: `client_${base32(made.GUID)}`, secret, scope: "viewer" };
}

const clients = {
  "a secret that Postern made": await issued(["editor", "viewer"]),
  "a secret with characters that a form encodes": await chosen(`a+b%2B&=/?:~'(*)!-${tenant.id}`),
  "a secret that is another one form-decoded": await chosen(`%41%2b+-${tenant.id}`),
};

const options = { [oauth.allowInsecureRequests]: insecure };

/** What a client of oauth4webapi knows of the server. */
async function discover() {
  const issuer = new URL(url);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options }));
}

async function logIn(server, { id }, authentication, parameters = {}) {
  const client = { client_id: id };
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options);
  return oauth.processClientCredentialsResponse(server, client, answer);
}

const refused = (status, error) => (thrown) => {
  assert.ok(thrown instanceof oauth.ResponseBodyError, thrown);
  assert.deepEqual([thrown.status, thrown.error], [status, error]);
  return true;
};

const tests = {};
for (const [kind, client] of Object.entries(clients)) {
  const reversed = client.scope.split(" ").reverse().join(" ");
  for (const [name, method] of [["Basic", "ClientSecretBasic"], ["the form", "ClientSecretPost"]]) {
    tests[`openid-client, by ${name}, ${kind}`] = async () => {
      const execute = insecure ? [openid.allowInsecureRequests] : [];
      const options = { algorithm: "oauth2", execute };
      const config = await openid.discovery(new URL(url), client.id, client.secret, openid[method](client.secret), options);
      assert.equal(config.serverMetadata().issuer, url);
      const token = await openid.clientCredentialsGrant(config, { scope: reversed });
      assert.deepEqual([token.token_type, token.expires_in, token.scope], ["bearer", 3600, client.scope]);
      assert.ok(token.expiresIn() > 3590);
      const told = await openid.tokenIntrospection(config, token.access_token);
      assert.deepEqual(
        [told.active, told.iss, told.client_id, told.sub, told.tenant, told.scope],
        [true, url, client.id, client.id, tenant.id, client.scope],
      );
      assert.equal((await openid.tokenIntrospection(config, "of-nobody")).active, false);
      const one = new URL(`${url}${credentials}/${client.id.slice("client_".length)}`);
      assert.equal((await openid.fetchProtectedResource(config, token.access_token, one, "GET")).status, 200);
      await assert.rejects(openid.fetchProtectedResource(config, "of-nobody", one, "GET"), ({ cause }) => {
        assert.deepEqual(cause, [{ scheme: "bearer", parameters: { realm: "postern", error: "invalid_token" } }]);
        return true;
      });
    };

    tests[`oauth4webapi, by ${name}, ${kind}`] = async () => {
      const server = await discover();
      const token = await logIn(server, client, oauth[method](client.secret));
      assert.deepEqual([token.token_type, token.expires_in, token.scope], ["bearer", 3600, client.scope]);
      const by = [server, { client_id: client.id }, oauth[method](client.secret), token.access_token];
      const told = await oauth.processIntrospectionResponse(server, by[1], await oauth.introspectionRequest(...by, options));
      assert.deepEqual([told.active, told.iss, told.client_id], [true, server.issuer, client.id]);
      await assert.rejects(logIn(server, client, oauth[method](client.secret), { scope: "another" }), refused(400, "invalid_scope"));
      // A wrong secret has a challenge, which the client reads first.
      await assert.rejects(logIn(server, client, oauth[method]("of-nobody")), (thrown) => {
        assert.ok(thrown instanceof oauth.WWWAuthenticateChallengeError, thrown);
        const realm = { realm: "postern" };
        assert.deepEqual(thrown.cause.map(({ scheme, parameters }) => [scheme, { ...parameters }]), [
          ["bearer", realm],
          ["basic", realm],
        ]);
        return thrown.status === 401;
      });
    };
  }
}

tests["a token expires no later than its credential"] = async () => {
  const client = await issued(["viewer"], new Date(Date.now() + 90_000).toISOString());
  const { expires_in } = await logIn(await discover(), client, oauth.ClientSecretBasic(client.secret));
  assert.ok(expires_in > 60 && expires_in < 90, String(expires_in));
};

tests["the metadata has all that RFC 8414 asks for, at this server"] = async () => {
  const server = await discover();
  assert.equal(server.issuer, url);
  for (const [member, value] of Object.entries(server)) {
    if (member.endsWith("_endpoint")) assert.equal(new URL(value).origin, url, member);
    else if (member !== "issuer") assert.ok(Array.isArray(value) && value.length > 0, member);
  }
};

// Log-ins by a key need POSTERN_ISSUER, which the server behind TLS has.
const algorithms = insecure ? [] : ["RS256", "PS256", "ES256", "Ed25519"];
for (const algorithm of algorithms) {
  tests[`openid-client and oauth4webapi, by a key of ${algorithm}, until it is removed`] = async () => {
    const made = await send("POST", credentials, { name: "a client", roles: roles(["viewer"]), access: "read" });
    const { privateKey, publicKey } = await oauth.generateKeyPair(algorithm);
    const jwk = await crypto.subtle.exportKey("jwk", publicKey);
    const key = await send("POST", `${credentials}/${made.id}/keys`, { jwk });
    const id = `client_${made.id}`;
    const config = await openid.discovery(new URL(url), id, undefined, openid.PrivateKeyJwt(privateKey), { algorithm: "oauth2" });
    const server = await discover();
    const tokens = [
      (await openid.clientCredentialsGrant(config)).access_token,
      (await logIn(server, { id }, oauth.PrivateKeyJwt({ key: privateKey, kid: key.jwk.kid }))).access_token,
    ];
    const self = (token) => fetch(`${url}/v1/self`, { headers: { authorization: `Bearer ${token}` } });
    for (const token of tokens) assert.equal((await self(token)).status, 200);
    const removed = await fetch(`${url}${credentials}/${made.id}/keys/${key.id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${root}` },
    });
    assert.equal(removed.status, 204);
    for (const token of tokens) assert.equal((await self(token)).status, 401);
    await assert.rejects(logIn(server, { id }, oauth.PrivateKeyJwt(privateKey)));
  };
}
if (insecure) {
  tests["a log-in by a key without POSTERN_ISSUER is a 503 that names the setting"] = async () => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: "a.b.c",
    });
    const answer = await fetch(`${url}/oauth/token`, { method: "POST", body: form });
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /POSTERN_ISSUER/);
  };
}

const passed = await run("tests/oauth.mjs", tests);
process.exit(passed ? 0 : 1);
