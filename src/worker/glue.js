// What is cheaper on this side of the boundary: one call in and one value out.

/**
 * Of a request, as lines: its method, its URL, and of each of those headers its value behind a colon, or nothing. No header holds a
 * line feed.
 */
export function read(request, names) {
  const { method, url, headers } = request;
  const told = [method, url];
  for (const name of names) {
    const value = headers.get(name);
    told.push(value === null ? "" : `:${value}`);
  }
  return told.join("\n");
}

/** Awaits a promise and gives `turn` what came of it, as long as that gives another promise; then gives what it gave (`turns.rs`). */
export async function drive(awaited, turn) {
  while (awaited instanceof Promise) {
    let kept = true;
    let value;
    try {
      value = await awaited;
    } catch (error) {
      kept = false;
      value = error;
    }
    awaited = turn(kept, value);
  }
  return awaited;
}

/** What is told of a batch that takes longer than it may. */
const LATE = "no answer of the database in time";

/**
 * Runs statements as one batch, each with the same values. Gives lines: for each statement one of how many rows it gave, read and
 * wrote, then those that it gave, each as JSON. Fails as D1 does, or after that many milliseconds.
 */
export function batch(database, texts, values, wait) {
  return new Promise((tell, fail) => {
    const batch = database.batch(texts.map((text) => database.prepare(text).bind(...values)));
    const timer = setTimeout(() => fail(new Error(LATE)), wait);
    const end = () => clearTimeout(timer);
    batch.then(lines).then(tell, fail).then(end);
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

/** Counts a key at a rate limiting binding: whether it is over its limit. */
export async function over(limiter, key) {
  const { success } = await limiter.limit({ key });
  return !success;
}

/** An answer, with its headers as lines: a name, its value, the next name. No name comes twice. */
export function respond(status, lines, body) {
  const said = lines.split("\n");
  // Headers as the members of an object cost half of what they cost as pairs.
  const headers = {};
  for (let at = 0; at + 1 < said.length; at += 2) headers[said[at]] = said[at + 1];
  return new Response(body, { status, headers });
}
