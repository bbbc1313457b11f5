// Functions that are cheaper in JavaScript than in WebAssembly: one call and one return value each.

/**
 * Returns lines: the request's method, its URL, and for each header its value after a colon, or an empty line if it is absent. No
 * header contains a line feed.
 */
export function read(request, names) {
  const { method, url, headers } = request;
  const lines = [method, url];
  for (const name of names) {
    const value = headers.get(name);
    lines.push(value === null ? "" : `:${value}`);
  }
  return lines.join("\n");
}

/** Awaits a promise and passes its outcome to `turn`, as long as `turn` returns another promise; returns its last value (`turns.rs`). */
export async function drive(awaited, turn) {
  while (awaited instanceof Promise) {
    let fulfilled = true;
    let value;
    try {
      value = await awaited;
    } catch (error) {
      fulfilled = false;
      value = error;
    }
    awaited = turn(fulfilled, value);
  }
  return awaited;
}

/** The error message of a batch that exceeds the timeout. */
const LATE = "no answer of the database in time";

/**
 * Runs statements as one batch, each with the same values. Resolves to lines: for each statement, a line with the numbers of rows
 * returned, read and written, then each returned row as JSON. Rejects as D1 does, or after `wait` milliseconds. If this is a `further`
 * batch of a request, the event loop runs first: on one machine, D1 answers in the process of the Worker, and a request of many batches
 * would let no other one in.
 */
export async function batch(binding, texts, values, wait, further, near) {
  if (further) await new Promise((resolve) => setTimeout(resolve, 0));
  // A session of its own, without a bookmark: any replica may answer, however old.
  const database = near ? binding.withSession("first-unconstrained") : binding;
  return new Promise((resolve, reject) => {
    const batch = database.batch(texts.map((text) => database.prepare(text).bind(...values)));
    const timer = setTimeout(() => reject(new Error(LATE)), wait);
    const end = () => clearTimeout(timer);
    batch.then(lines).then(resolve, reject).then(end);
  });
}

function lines(results) {
  const lines = [];
  for (const { results: rows, meta } of results) {
    lines.push(`${rows.length} ${meta.rows_read} ${meta.rows_written}`);
    for (const row of rows) lines.push(JSON.stringify(row));
  }
  return lines.join("\n");
}

/** Counts a key at a rate limiting binding. Resolves to whether the key is over its limit. */
export async function over(limiter, key) {
  const { success } = await limiter.limit({ key });
  return !success;
}

/** Builds a response. `lines` has a header's name and its value on alternating lines. No name occurs twice. */
export function respond(status, lines, body) {
  const parts = lines.split("\n");
  // An object costs half as much as a list of pairs.
  const headers = {};
  for (let index = 0; index + 1 < parts.length; index += 2) headers[parts[index]] = parts[index + 1];
  return new Response(body, { status, headers });
}

/** What Web Crypto calls the algorithms of signatures (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
const SIGNATURES = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

/** Returns whether the key of a JSON text made a signature. A key that Web Crypto refuses has made none. */
export async function is_signed(jwk, algorithm, signed, signature) {
  // The arrays are views of the memory of wasm, which may move while this waits.
  [signed, signature] = [signed.slice(), signature.slice()];
  const { [algorithm]: parameters } = SIGNATURES;
  try {
    const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), parameters, false, ["verify"]);
    return await crypto.subtle.verify(parameters, key, signature, signed);
  } catch {
    return false;
  }
}

/** Resolves after so many milliseconds. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** How long a document may take, in milliseconds. */
const DOCUMENT_WAIT = 3000;

/** Gets a document: resolves to its bytes, at most `max` after its content coding is removed, or to undefined if there is no such 200. */
export async function get(url, max) {
  const signal = AbortSignal.timeout(DOCUMENT_WAIT);
  try {
    const response = await fetch(url, { redirect: "manual", cache: "no-store", signal, headers: { accept: "application/json" } });
    if (response.status !== 200) {
      await response.body?.cancel();
      return undefined;
    }
    const bytes = new Uint8Array(max);
    let length = 0;
    for await (const chunk of response.body ?? []) {
      // Leaving the loop cancels the rest.
      if (length + chunk.length > max) return undefined;
      bytes.set(chunk, length);
      length += chunk.length;
    }
    return bytes.subarray(0, length);
  } catch {
    return undefined;
  }
}
