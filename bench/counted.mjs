// Stands before the Worker of a side where its D1 trips are counted or delayed, the same for all sides. Runs of throughput go
// without it.
//
// A trip is one fetch of the D1 binding to its database, whatever call of the binding it comes from: `raw()` and `first()`
// tell no rows, and an ORM uses them. So the fetch is what is replaced.
import side from "./side/index.js";

let delay = 0;
let counting = false;
let told = nothing();
let known;

function nothing() {
  return { trips: 0, rows_read: 0, rows_written: 0, read: [], asked: [] };
}

function watch(database) {
  if (database === known) return;
  const session = database.alwaysPrimarySession;
  if (typeof session?.fetcher?.fetch !== "function") {
    throw new Error("this Miniflare's D1 binding is another than bench/counted.mjs knows: look for its fetcher");
  }
  const fetcher = session.fetcher;
  session.fetcher = {
    async fetch(url, init) {
      if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
      const response = await fetcher.fetch(url, init);
      if (counting) await count(init.body, response.clone());
      return response;
    },
  };
  known = database;
}

async function count(body, response) {
  const metas = [await response.json()].flat().map((result) => result.meta);
  const read = metas.reduce((sum, meta) => sum + meta.rows_read, 0);
  told.trips += 1;
  told.rows_read += read;
  told.rows_written += metas.reduce((sum, meta) => sum + meta.rows_written, 0);
  told.read.push(read);
  told.asked.push(body);
}

export default {
  async fetch(request, env, context) {
    watch(env.DB);
    const url = new URL(request.url);
    if (url.pathname === "/-/bench") {
      // What was counted so far; from now on, as asked.
      const answer = Response.json(told);
      told = nothing();
      delay = Number(url.searchParams.get("delay"));
      counting = url.searchParams.has("count");
      return answer;
    }
    return side.fetch(request, env, context);
  },
};
