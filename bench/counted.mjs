// Wraps the Worker of a side, to count or delay its D1 trips. The same for all sides; measurements of throughput do not use it.
//
// A trip is one fetch from the D1 binding to the database. This replaces that fetch rather than the methods of the binding: an ORM uses
// `raw()` and `first()`, which do not report rows.
import side from "./side/index.js";

let delay = 0;
let counting = false;
let counts = nothing();
let watching = false;

function nothing() {
  return { trips: 0, rows_read: 0, rows_written: 0, read: [], sent: [] };
}

function watch(database) {
  if (watching) return;
  // What every session of this isolate inherits.
  const sessions = Object.getPrototypeOf(database.withSession("first-primary"));
  const send = sessions._wrappedFetch;
  if (typeof send !== "function") throw new Error("Miniflare's D1 binding has changed: adapt bench/counted.mjs");
  sessions._wrappedFetch = async function (url, init) {
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    const response = await send.call(this, url, init);
    if (counting) await count(init.body, response.clone());
    return response;
  };
  watching = true;
}

async function count(body, response) {
  const metas = [await response.json()].flat().map((result) => result.meta);
  const read = metas.reduce((sum, meta) => sum + meta.rows_read, 0);
  counts.trips += 1;
  counts.rows_read += read;
  counts.rows_written += metas.reduce((sum, meta) => sum + meta.rows_written, 0);
  counts.read.push(read);
  counts.sent.push(body);
}

export default {
  async fetch(request, env, context) {
    watch(env.DB);
    const url = new URL(request.url);
    if (url.pathname === "/-/bench") {
      // Returns the counts so far, and applies the new options.
      const answer = Response.json(counts);
      counts = nothing();
      delay = Number(url.searchParams.get("delay"));
      counting = url.searchParams.has("count");
      return answer;
    }
    return side.fetch(request, env, context);
  },
};
