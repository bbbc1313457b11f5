// Requests to the service.
import { setTimeout as wait } from "node:timers/promises";
import { parseEnv } from "node:util";
import { version } from "./description.js";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { askSecret, cleanSecret, isTerminal, readText } from "./input.js";
import { safe } from "./output.js";
import { name } from "./package.js";

const ATTEMPTS = 3;
/** In ms. Longer than the service waits for its database. */
const TIMEOUT = 40_000;

/** A response that is not a success. */
export class Refusal extends Error {
  constructor(response) {
    super(`status ${response.status}`);
    this.response = response;
  }
  get exit() {
    const { status } = this.response;
    // Postern does not redirect: another server answered.
    return status < 400 || status >= 500 ? EXIT.unreachable : EXIT.refused;
  }
}

/** No response, or one that does not say whether a change was made. */
export class Unreachable extends Failure {
  constructor(url, error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message;
    super(EXIT.unreachable, `No response from ${url.origin}: ${safe(reason)}`);
  }
}

/** Returns the error of a response that Postern would not send. */
export const notPostern = () =>
  new Failure(EXIT.unreachable, "The response is not one of Postern. Check the address of the service.");

/** Returns the address of the service. A token is sent over http only within the machine. */
export function serviceUrl(text) {
  if (!text) throw wrongUse("Give the address of the service: --url URL, or the environment variable POSTERN_URL.");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw wrongUse("The address of the service must be like https://postern.example.");
  }
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !isLocal)
    throw wrongUse("The address of the service must begin with https://, since a token is sent to it.");
  return url;
}

/** Returns the caller's token: from a file, the environment, or a person. `optional` does not ask. */
export async function callerToken({ tokenFile }, { optional = false } = {}) {
  if (tokenFile !== undefined) {
    const text = readText(tokenFile, "--token-file");
    // The file of settings that `postern init` writes.
    return cleanSecret(parseEnv(text).POSTERN_ROOT_TOKEN ?? text, "The token");
  }
  if (process.env.POSTERN_TOKEN) return cleanSecret(process.env.POSTERN_TOKEN, "POSTERN_TOKEN");
  if (optional) return undefined;
  if (isTerminal()) return askSecret("Token");
  throw wrongUse("Give a token: --token-file FILE, or the environment variable POSTERN_TOKEN.");
}

export class Connection {
  constructor(url, headers = {}) {
    this.url = url;
    this.headers = headers;
  }

  async #once(method, path, { query = {}, headers = {}, body, type }) {
    const url = new URL(this.url.pathname.replace(/\/$/, "") + path, this.url);
    for (const [key, value] of Object.entries(query)) for (const one of [value].flat()) url.searchParams.append(key, String(one));
    const sent = { "user-agent": `${name}/${version}`, ...this.headers, ...headers };
    if (body !== undefined) sent["content-type"] = type;
    let response, text;
    try {
      // A redirect would send the token elsewhere.
      response = await fetch(url, { method, headers: sent, body, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) });
      text = await response.text();
    } catch (error) {
      throw new Unreachable(url, error);
    }
    let parsed;
    try {
      parsed = text === "" ? undefined : JSON.parse(text);
    } catch {
      parsed = null;
    }
    // Some other server answered, perhaps a proxy. Its errors are reported by their status.
    const isObject = typeof parsed === "object" && parsed !== null;
    if (text !== "" && !isObject && response.ok) throw notPostern();
    if (!isObject) parsed = undefined;
    return { status: response.status, headers: response.headers, json: parsed };
  }

  /**
   * Returns the response, or throws. Sends the request again only where that is safe: it reads, the service reports that nothing was
   * changed, or an Idempotency-Key makes the service answer as the first time.
   */
  async send(method, path, request = {}) {
    const headers = new Headers(request.headers);
    const isSafe = method === "GET" || headers.has("idempotency-key") || request.reads;
    for (let attempt = 1; ; attempt++) {
      let error;
      try {
        const response = await this.#once(method, path, request);
        if (response.status < 300 || response.status === 304) return response;
        error = new Refusal(response);
      } catch (thrown) {
        if (!(thrown instanceof Unreachable)) throw thrown;
        error = thrown;
      }
      const status = error.response?.status;
      const nothingChanged = status === 503 && error.response.json?.code === "unavailable";
      const again = error instanceof Unreachable || status === 503 ? isSafe || nothingChanged : false;
      if (!again || attempt === ATTEMPTS) throw error;
      await wait(1000 * Math.min(Number(error.response?.headers.get("retry-after")) || attempt / 2, 5));
    }
  }
}
