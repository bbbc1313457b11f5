// Issuers of identity tokens at one local https server, each at its own path, whose faults can be set. They count the requests that
// they receive.
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { selfSigned } from "./certificate.mjs";

const { subtle } = webcrypto;

/** The largest document that Postern reads, in bytes. */
const DOCUMENT_MAX = 64 * 1024;
/** In ms. Postern waits 3 s. */
const TOO_SLOW = 4000;

// ---------------------------------------------------------------------------------------------------------------------
// Keys and tokens

const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
  Ed25519: { name: "Ed25519" },
};
export const ALGORITHM_NAMES = Object.keys(ALGORITHMS);

let made = 0;

/** Makes a key pair. Its `jwk` is the public key. */
export async function newKey(algorithm = "ES256", kid = `key-${(made += 1)}`) {
  const { privateKey, publicKey } = await subtle.generateKey(ALGORITHMS[algorithm], true, ["sign", "verify"]);
  const { key_ops, ext, alg, ...jwk } = await subtle.exportKey("jwk", publicKey);
  return { algorithm, kid, privateKey, jwk: { ...jwk, kid, use: "sig", alg: algorithm } };
}

/** Returns a signed token in compact form. A header member that is undefined is left out. */
async function sign({ algorithm, kid, privateKey }, claims, header = {}) {
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encoded({ typ: "JWT", alg: algorithm, kid, ...header })}.${encoded(claims)}`;
  const signature = await subtle.sign(ALGORITHMS[algorithm], privateKey, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString("base64url")}`;
}

// ---------------------------------------------------------------------------------------------------------------------
// Faults

const send = (response, status, body, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);

/** Returns an object as JSON of so many bytes. */
function padded(document, bytes) {
  const { length } = JSON.stringify({ ...document, padding: "" });
  return JSON.stringify({ ...document, padding: "x".repeat(bytes - length) });
}

/** Sends the start of a document, and the rest after 4 s. */
async function stall(response, document) {
  const text = JSON.stringify(document);
  response.writeHead(200, { "content-type": "application/json" }).write(text.slice(0, 20));
  await wait(TOO_SLOW);
  response.end(text.slice(20));
}

/** Sends spaces until the connection is closed. Counts the bytes. */
async function sendForever(response, _, issuer) {
  response.writeHead(200, { "content-type": "application/json" });
  while (!response.destroyed) {
    if (!response.writableNeedDrain) {
      issuer.sent += DOCUMENT_MAX;
      response.write(" ".repeat(DOCUMENT_MAX));
    }
    await wait(5);
  }
}

/** What an issuer sends in place of a document. Where a document is sent, the fault is the only reason to refuse it. */
export const FAULTS = {
  "closes the connection": (response) => response.destroy(),
  "takes 4 s": (response, document) => wait(TOO_SLOW).then(() => send(response, 200, JSON.stringify(document))),
  "takes 4 s after the first bytes": stall,
  "responds with 500": (response, document) => send(response, 500, JSON.stringify(document)),
  "responds with 203": (response, document) => send(response, 203, JSON.stringify(document)),
  "redirects to the document": (response, document, issuer, url) =>
    send(response, 302, JSON.stringify(document), { location: `${url}?moved` }),
  "sends 1 byte more than 64 KiB": (response, document) => send(response, 200, padded(document, DOCUMENT_MAX + 1)),
  "sends 4 MiB in 4 KiB of gzip": (response, document) =>
    send(response, 200, gzipSync(padded(document, 4 * 1024 * 1024)), { "content-encoding": "gzip" }),
  "sends spaces forever": sendForever,
  "sends HTML": (response) => send(response, 200, "<!doctype html><title>Sign in</title>", { "content-type": "text/html" }),
  "sends a list": (response, document) => send(response, 200, JSON.stringify([document])),
  "sends nothing": (response) => send(response, 200, ""),
};

/** Unusual ways to send a document, which are accepted. */
export const VARIANTS = {
  "sends exactly 64 KiB": (response, document) => send(response, 200, padded(document, DOCUMENT_MAX)),
  "sends 60 KiB in gzip": (response, document) =>
    send(response, 200, gzipSync(padded(document, 60 * 1024)), { "content-encoding": "gzip" }),
  "takes 1 s": (response, document) => wait(1000).then(() => send(response, 200, JSON.stringify(document))),
  "sends no type": (response, document) => response.writeHead(200).end(JSON.stringify(document)),
};

/** Members of the discovery document that are refused. At `elsewhere`, the keys are the right ones. */
export const LIES = {
  "names another issuer": ({ url }) => ({ issuer: `${url}-2` }),
  "names its issuer with a final slash": ({ url }) => ({ issuer: `${url}/` }),
  "names no issuer": () => ({ issuer: undefined }),
  "names no address of keys": () => ({ jwks_uri: undefined }),
  "has its keys at another port": ({ path, server }) => ({ jwks_uri: server.elsewhere.https + path }),
  "has its keys at http": ({ path, server }) => ({ jwks_uri: server.elsewhere.http + path }),
  "has its keys at an IP address": ({ keysUrl }) => ({ jwks_uri: keysUrl.replace("localhost", "127.0.0.1") }),
  "has its keys at an address with a user": ({ keysUrl }) => ({ jwks_uri: keysUrl.replace("https://", "https://user@") }),
};

// ---------------------------------------------------------------------------------------------------------------------
// Issuers

class Issuer {
  /** The keys that the issuer publishes. Tokens are signed by the last one. */
  keys = [];
  /** Functions of FAULTS and VARIANTS, for each document. */
  faults = {};
  /** Members that replace those of the discovery document. */
  lies = {};
  /** The requests for each document, the redirects that were followed, and the bytes of `sendForever`. */
  received = { discovery: 0, keys: 0, moved: 0 };
  sent = 0;
  /** When the keys were last due to be fetched, and the number of fetches until then. */
  due = { since: Date.now(), fetches: 0 };

  constructor(server, path) {
    this.server = server;
    this.path = path;
    this.url = server.origin + path;
    this.keysUrl = `${this.url}/keys`;
  }

  /** The fetches: each starts with the discovery document. */
  get fetches() {
    return this.received.discovery;
  }

  /** Replaces the keys by a new one. */
  async rotate(algorithm) {
    this.keys = [await newKey(algorithm)];
  }

  /** Returns an identity token. `key`: another signer; `header`: members that replace those of the header. */
  token(claims, { key = this.keys.at(-1), header } = {}) {
    return sign(key, { iss: this.url, ...claims }, header);
  }

  /** Returns a document. */
  document(name) {
    if (name === "keys") return { keys: this.keys.map(({ jwk }) => jwk) };
    return { issuer: this.url, jwks_uri: this.keysUrl, response_types_supported: ["id_token"], ...this.lies };
  }

  respond(name, isMoved, url, response) {
    this.received[isMoved ? "moved" : name] += 1;
    const fault = isMoved ? undefined : this.faults[name];
    const document = this.document(name);
    return fault ? fault(response, document, this, url) : send(response, 200, JSON.stringify(document));
  }
}

const DOCUMENTS = { "/.well-known/openid-configuration": "discovery", "/keys": "keys" };

/** Starts the server. `certificate` is to be trusted. */
export async function startIssuers() {
  const tls = selfSigned();
  const issuers = new Map();
  const server = { certificate: tls.cert, requestsElsewhere: 0 };
  const listening = [];

  async function listen(made, scheme) {
    made.listen(0, "127.0.0.1");
    await once(made, "listening");
    listening.push(made);
    return `${scheme}://localhost:${made.address().port}`;
  }

  const respond = (request, response) => {
    // workerd sends a request again if a connection that it used before is closed.
    response.shouldKeepAlive = false;
    const url = new URL(request.url, server.origin);
    const suffix = Object.keys(DOCUMENTS).find((suffix) => url.pathname.endsWith(suffix));
    const issuer = issuers.get(url.pathname.slice(0, -suffix?.length));
    if (!issuer) return send(response, 404, "{}");
    return issuer.respond(DOCUMENTS[suffix], url.search === "?moved", server.origin + url.pathname, response);
  };
  const elsewhere = ({ url }, response) => {
    server.requestsElsewhere += 1;
    send(response, 200, JSON.stringify(issuers.get(url).document("keys")));
  };

  server.origin = await listen(https.createServer(tls, respond), "https");
  server.elsewhere = {
    https: await listen(https.createServer(tls, elsewhere), "https"),
    http: await listen(http.createServer(elsewhere), "http"),
  };

  /** Makes an issuer with one key. */
  server.issuer = async (algorithm) => {
    const issuer = new Issuer(server, `/issuer-${issuers.size + 1}`);
    issuers.set(issuer.path, issuer);
    await issuer.rotate(algorithm);
    return issuer;
  };
  server.close = () => {
    for (const one of listening) {
      one.close();
      one.closeAllConnections();
    }
  };
  return server;
}
