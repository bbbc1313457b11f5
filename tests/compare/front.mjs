// Wraps the built Worker (scripts/serve.mjs, POSTERN_FRONT), so that two builds can be compared exactly:
// - the clock is set by the request (`x-compare-clock`, in milliseconds), so both builds write the same times;
// - the response waits for the writes that are deferred until after it, so the next request finds them done;
// - the header `x-compare-cost` reports the use of the D1 binding: before the response, and with the deferred writes.
import postern from "./index.js";

const realNow = Date.now;
let clock;
Date.now = () => clock ?? realNow();

let cost = none();
let known;

function none() {
  return { trips: 0, rows_read: 0, rows_written: 0, sql: 0 };
}

/** Counts the traffic from the D1 binding to its database: see bench/counted.mjs. */
function count(database) {
  if (database === known) return;
  const session = database.alwaysPrimarySession;
  const fetcher = session.fetcher;
  session.fetcher = {
    async fetch(url, init) {
      const response = await fetcher.fetch(url, init);
      const results = [await response.clone().json()].flat();
      cost.trips += 1;
      cost.rows_read += results.reduce((sum, { meta }) => sum + (meta?.rows_read ?? 0), 0);
      cost.rows_written += results.reduce((sum, { meta }) => sum + (meta?.rows_written ?? 0), 0);
      cost.sql += [JSON.parse(init.body)].flat().reduce((sum, { sql }) => sum + sql.length, 0);
      return response;
    },
  };
  known = database;
}

export default {
  ...postern,
  async fetch(request, env, context) {
    count(env.DB);
    clock = Number(request.headers.get("x-compare-clock")) || undefined;
    cost = none();
    const deferred = [];
    const waiting = {
      waitUntil(promise) {
        deferred.push(promise);
        context.waitUntil(promise);
      },
    };
    const response = await postern.fetch(request, env, waiting);
    const answered = { ...cost };
    await Promise.allSettled(deferred);
    response.headers.append("x-compare-cost", JSON.stringify({ answered, whole: cost }));
    return response;
  },
};
