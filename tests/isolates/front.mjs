// Wraps the Worker of tests/faults/front.mjs for tests/isolates.mjs, with a database that has a replica:
//
//   POST /-/memory   searches the memory of the wasm for a list of texts
//   POST /-/ship     brings the replica up to a number of seconds ago; returns how many batches were applied
//
// What a statement does depends on the data and on its parameters only, so it does the same in the replica. The heartbeat is the least
// of its parameter and the database's time, which is later; so it is the parameter, here and there.
import { search } from "./memory.js";
import faults from "./faults.js";

export default {
  ...faults,
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/-/memory") return Response.json(search(await request.json()));
    if (pathname === "/-/ship") return Response.json(await ship(env, await request.json()));
    return faults.fetch(request, { ...env, DB: replicated(env) }, context);
  },
};

/** The primary, which logs each batch that writes in its transaction: the order of the log is that of the commits. */
function replicated({ DB, REPLICA }) {
  return {
    prepare: (text) => DB.prepare(text),
    async batch(statements) {
      const writes = statements.filter(({ statement }) => /\b(INSERT|UPDATE|DELETE)\b/.test(statement));
      if (!writes.length) return DB.batch(statements);
      const log = DB.prepare("INSERT INTO shipped (statements) VALUES (?)").bind(JSON.stringify(writes));
      return (await DB.batch([...statements, log])).slice(0, -1);
    },
    withSession: () => REPLICA,
  };
}

async function ship({ DB, REPLICA }, lag) {
  const due = "SELECT * FROM shipped WHERE id <= (SELECT max(id) FROM shipped WHERE at <= unixepoch('subsec') - ?) ORDER BY id LIMIT 50";
  const { results } = await DB.prepare(due).bind(lag).all();
  if (!results.length) return 0;
  const writes = results.flatMap(({ statements }) => JSON.parse(statements));
  await REPLICA.batch(writes.map(({ statement, params }) => REPLICA.prepare(statement).bind(...params)));
  await DB.prepare("DELETE FROM shipped WHERE id <= ?").bind(results.at(-1).id).run();
  return results.length;
}
