import { createClient } from "./client.js";

/** A request that is not accepted. `response()` is what its client gets. It contains no token. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {Record<string, string>} headers
   * @param {ErrorOptions} [options] the `cause` of a 503
   */
  constructor(status, title, headers, options) {
    super(title, options);
    this.name = "Refusal";
    this.status = status;
    this.headers = headers;
  }

  response() {
    const { status, message: title, headers } = this;
    return new Response(JSON.stringify({ type: "about:blank", title, status }), {
      status,
      headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
    });
  }
}

/** Longer than any token of Postern. */
const MAX_TOKEN = 1024;

/**
 * Creates a function that returns the identity of a request's token, and throws a `Refusal` if Postern does not accept the token.
 *
 * @param {import("./types.js").VerifierOptions} options
 * @returns {(request: globalThis.Request, requirement: import("./types.js").Requirement) => Promise<import("./types.js").Identity>}
 */
export function createVerifier(options) {
  const { realm = "api", maxEntries = 1000, clocks = () => [Date.now(), performance.now()] } = options;
  if (!options.token) throw new TypeError("The verifier's own token is missing: that of a credential with access `verify`.");
  // A request waits for the answer: for less time than a client of Postern usually does.
  const postern = createClient({ timeoutSeconds: 5, attempts: 2, maxRetryAfterSeconds: 1, ...options });
  const memory = new Memory(clocks, maxEntries);
  const challenge = (/** @type {string} */ error) => ({
    "WWW-Authenticate": `Bearer realm="${realm}"${error && `, error="${error}"`}`,
  });

  return async (request, requirement) => {
    // First, because the clock of a Worker advances only with I/O: read later, it may be behind the time of a request that came after
    // this one.
    const recall = memory.at();
    checkRequirement(requirement);
    const { needs, maxStalenessSeconds = Infinity } = requirement;
    const [isBearer, token] = /^Bearer(?: +([!-~]*) *)?$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
    if (isBearer === undefined) throw new Refusal(401, "A token is required", challenge(""));
    if (!token || token.length > MAX_TOKEN) throw new Refusal(401, "The token is not valid", challenge("invalid_token"));

    const key = await digest(JSON.stringify([needs, token]));
    const known = recall.find(key, maxStalenessSeconds);
    if (known) return known;

    let verified;
    try {
      const bound = Number.isFinite(maxStalenessSeconds) ? { max_staleness_seconds: maxStalenessSeconds } : {};
      verified = (await postern.verify({ body: { token, ...(needs && { needs }), ...bound } })).data;
    } catch (cause) {
      throw new Refusal(503, "The token could not be verified", { "Retry-After": "1" }, { cause });
    }
    if (verified.active !== true) throw new Refusal(401, "The token is not valid", challenge("invalid_token"));
    if (needs && verified.allowed !== true) throw new Refusal(403, "The token lacks a role", challenge("insufficient_scope"));
    const identity = identityOf(verified);
    recall.keep(key, identity, verified, maxStalenessSeconds);
    return identity;
  };
}

/**
 * Checks what a program requires of tokens, so that an omission does not accept every token.
 *
 * @param {import("./types.js").Requirement} requirement
 */
export function checkRequirement({ needs, maxStalenessSeconds: bound = 0 }) {
  if (typeof needs !== "object") throw new TypeError("`needs` is missing: name roles, or give null to accept every valid token.");
  const isBound = Number.isInteger(bound) && bound >= 0 && bound <= 300;
  if (!isBound) throw new TypeError("`maxStalenessSeconds` must be an integer from 0 to 300.");
}

/**
 * @param {import("./types.js").Verified} verified
 * @returns {import("./types.js").Identity}
 */
function identityOf({ tenant, principal, credential, name, roles, access, secret, expires_at, checked_at }) {
  const identity = { tenant, principal, credential, name, roles, access, secret, expires_at, checked_at };
  return /** @type {import("./types.js").Identity} */ (identity);
}

/** @param {string} text */
async function digest(text) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return String.fromCharCode(...new Uint8Array(bytes));
}

/**
 * What was verified, and as of when. Everything is forgotten when a clock goes back, since ages are unknown then.
 *
 * @typedef {{identity: import("./types.js").Identity, sent: number[], age: number, bound: number}} Entry ages in ms, the bound too
 */
class Memory {
  /** @type {Map<string, Entry>} in the order of their last use */
  #entries = new Map();
  /** @type {number[]} */
  #latest = [];
  #clocks;
  #maxEntries;

  /**
   * @param {() => number[]} clocks
   * @param {number} maxEntries
   */
  constructor(clocks, maxEntries) {
    this.#clocks = clocks;
    this.#maxEntries = maxEntries;
  }

  /** Reads the clocks. What is found has the age of this moment, and what is kept was asked at this moment. */
  at() {
    const now = this.#clocks();
    if (now.some((time, at) => !(time >= (this.#latest[at] ?? -Infinity)))) this.#entries = new Map();
    this.#latest = now;
    // After a step back, what was asked before the step is kept in a map that nobody reads.
    const entries = this.#entries;
    return {
      /**
       * @param {string} key
       * @param {number} maxStalenessSeconds
       */
      find(key, maxStalenessSeconds) {
        const entry = entries.get(key);
        if (!entry) return undefined;
        entries.delete(key);
        const { identity, sent, age, bound } = entry;
        const elapsed = Math.max(...now.map((time, at) => time - /** @type {number} */ (sent[at])));
        // Not at the bound: a clock in whole milliseconds is up to one behind.
        if (!(elapsed + age < Math.min(bound, 1000 * maxStalenessSeconds)) || isPast(identity.expires_at, now)) return undefined;
        entries.set(key, entry);
        return structuredClone(identity);
      },
      /**
       * @param {string} key
       * @param {import("./types.js").Identity} identity
       * @param {import("./types.js").Verified} verified
       * @param {number} maxStalenessSeconds
       */
      keep: (key, identity, { age_seconds, max_staleness_seconds }, maxStalenessSeconds) => {
        const [age, bound] = [1000 * age_seconds, 1000 * Math.min(max_staleness_seconds, maxStalenessSeconds)];
        // Also if one of them is absent.
        if (!(age >= 0 && bound > 0 && age < bound)) return;
        entries.delete(key);
        entries.set(key, { identity: structuredClone(identity), sent: now, age, bound });
        for (const oldest of entries.keys()) {
          if (entries.size <= this.#maxEntries) break;
          entries.delete(oldest);
        }
      },
    };
  }
}

/**
 * @param {string | null} time
 * @param {number[]} now
 */
function isPast(time, [wall]) {
  // Also if it cannot be read.
  return time !== null && !(/** @type {number} */ (wall) < Date.parse(time));
}
