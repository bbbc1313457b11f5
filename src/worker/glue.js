// What is cheaper on this side of the boundary: one call in and one value out.

/** What is told of a batch that takes longer than it may. */
const LATE = "no answer of the database in time";

/**
 * Runs statements as one batch, each with the same values. Gives, as JSON, for each its rows, and how many it read and wrote;
 * fails as D1 does, or after that many milliseconds.
 */
export async function batch(database, texts, values, wait) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(LATE)), wait);
  });
  try {
    const statements = texts.map((text) => database.prepare(text).bind(...values));
    const results = await Promise.race([database.batch(statements), late]);
    return JSON.stringify(results.map(({ results, meta }) => [results, meta.rows_read, meta.rows_written]));
  } finally {
    clearTimeout(timer);
  }
}

/** Counts a key at a rate limiting binding: whether it is over its limit. */
export async function over(limiter, key) {
  const { success } = await limiter.limit({ key });
  return !success;
}

/** An answer, with its headers as lines: a name, its value, the next name. */
export function respond(status, headers, body) {
  const lines = headers.split("\n");
  const pairs = [];
  for (let at = 0; at + 1 < lines.length; at += 2) pairs.push([lines[at], lines[at + 1]]);
  return new Response(body, { status, headers: pairs });
}
