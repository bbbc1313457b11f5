import { operations } from "./operations.js";
import { PosternError } from "./error.js";

export { PosternError };

/**
 * Creates a client: an object with a method for each operation of Postern's own API, by its `operationId`.
 *
 * @param {import("./types.js").ClientOptions} options
 * @returns {import("./types.js").Client}
 */
export function createClient(options) {
  const send = transport(options);
  /** @type {Record<string, unknown>} */
  const client = {};
  for (const [name, operation] of Object.entries(operations)) {
    client[name] = async (/** @type {Record<string, unknown>} */ input = {}, /** @type {RequestOptions} */ given = {}) =>
      call(options, send, operation, requestOf(name, operation, input), given);
  }
  return /** @type {import("./types.js").Client} */ (Object.freeze(client));
}

/**
 * @typedef {import("./types.js").Operation} Operation
 * @typedef {import("./types.js").RequestOptions} RequestOptions
 * @typedef {{path: string, headers: Headers, body: string | undefined}} Request
 * @typedef {(path: string, init: RequestInit) => Promise<Response>} Send
 */

/**
 * @param {import("./types.js").ClientOptions} options
 * @returns {Send}
 */
function transport({ service, url }) {
  // The host of the URL has no meaning for a service binding.
  if (service) return (path, init) => service.fetch(`https://postern${path}`, init);
  if (!url) throw new TypeError("Postern's address is missing: give a service binding (service) or a url.");
  const { origin, pathname, username, password } = new URL(url);
  // fetch would refuse it, with an error that contains the password.
  if (username || password) throw new TypeError("Postern's address must not contain a user or a password.");
  const base = origin + pathname.replace(/\/+$/, "");
  return (path, init) => fetch(base + path, init);
}

/**
 * @param {string} name
 * @param {Operation} operation
 * @param {Record<string, unknown>} input
 * @returns {Request}
 */
function requestOf(name, operation, input) {
  const left = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const take = (/** @type {string} */ key) => {
    const value = left.get(key);
    left.delete(key);
    return value;
  };
  let path = operation.path.replace(/\{(\w+)\}/g, (_, key) => {
    const value = take(key);
    // Otherwise the request would go to another route.
    if (typeof value !== "string" || value === "" || /^\.\.?$/.test(value)) throw new TypeError(`${name}: ${key} must be an id.`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const key of operation.query) {
    const value = take(key);
    if (value !== undefined) for (const one of [value].flat()) query.append(key, String(one));
  }
  if (query.size) path += `?${query}`;
  const headers = new Headers();
  for (const key of operation.header) {
    let value = take(key);
    if (value === undefined && key === "Idempotency-Key") value = crypto.randomUUID();
    if (value === undefined) continue;
    // Also null, which a response without an ETag has: the request must not lose its precondition.
    if (typeof value !== "string") throw new TypeError(`${name}: ${key} must be a string.`);
    headers.set(key, value);
  }
  const body = operation.body && take("body");
  if (left.size) throw new TypeError(`${name} has no parameter ${[...left.keys()].join(", ")}.`);
  if (body === undefined) return { path, headers, body: undefined };
  headers.set("Content-Type", /** @type {string} */ (operation.body));
  const isForm = operation.body === "application/x-www-form-urlencoded";
  return { path, headers, body: isForm ? form(/** @type {object} */ (body)) : JSON.stringify(body) };
}

/** @param {object} members */
function form(members) {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}

/**
 * Sends a request, again if that is safe.
 *
 * @param {import("./types.js").ClientOptions} options
 * @param {Send} send
 * @param {Operation} operation
 * @param {Request} request
 * @param {RequestOptions} given
 */
async function call(options, send, operation, request, { signal }) {
  const { attempts = 3, maxRetryAfterSeconds = 5 } = options;
  const isRepeatable = operation.isRead || request.headers.has("Idempotency-Key");
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(options, send, operation, request, signal);
    } catch (error) {
      if (!(error instanceof PosternError) || attempt >= attempts) throw error;
      const delay = error.isUnreachable ? 0.1 * 2 ** attempt : error.status === 503 ? error.retryAfterSeconds : undefined;
      // `unavailable`: nothing was changed. Any other failure may have come after the change.
      const isSafe = isRepeatable || error.code === "unavailable";
      if (delay === undefined || delay > maxRetryAfterSeconds || !isSafe) throw error;
      await pause(1000 * delay, signal);
    }
  }
}

/**
 * @param {import("./types.js").ClientOptions} options
 * @param {Send} send
 * @param {Operation} operation
 * @param {Request} request
 * @param {AbortSignal | undefined} signal
 */
async function once({ token, timeoutSeconds = 15 }, send, operation, { path, headers, body }, signal) {
  const { method, takesToken, isRead } = operation;
  const sent = new Headers(headers);
  if (takesToken && token !== undefined) sent.set("Authorization", `Bearer ${checked(typeof token === "string" ? token : await token())}`);
  const timeout = AbortSignal.timeout(1000 * timeoutSeconds);
  let response, text;
  try {
    response = await send(path, {
      method,
      headers: sent,
      body: body ?? null,
      // A redirect would send the token elsewhere.
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw PosternError.unreachable(cause, !isRead);
  }
  const { status } = response;
  const type = response.headers.get("Content-Type") ?? "";
  const data = text !== "" && /^application\/([\w.-]+\+)?json\b/i.test(type) ? parsed(text) : undefined;
  const isExpected = operation.statuses.includes(status) && (data !== undefined) === operation.hasData;
  if (!isExpected && !(status === 304 && headers.has("If-None-Match"))) throw PosternError.of(response, data, !isRead);
  return { status, headers: response.headers, data };
}

/** @param {string} token */
function checked(token) {
  // Headers would refuse it, with an error that contains it.
  if (!/^[!-~]+$/.test(token)) throw new TypeError("The token must consist of visible ASCII characters.");
  return token;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal | undefined} signal
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve(undefined);
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
