// In front of the built Worker (scripts/serve.mjs, POSTERN_FRONT): a database that fails when a request asks it to. The header
// `x-fault-for-tests` holds a list, one item for each batch of the request, in order:
//
//   {"before": "message"}   fails with it, and the batch is not run
//   {"after": "message"}    is run, and then fails with it
//   {"slow": ms}            is run that much later
//   null                    is run as ever, as are those for which there is no item
import postern from "./index.js";

export default {
  ...postern,
  fetch(request, env, context) {
    const faults = JSON.parse(request.headers.get("x-fault-for-tests") ?? "[]");
    // A database goes on with what it was sent, though nobody waits for its answer any more.
    const goesOn = (batch) => context.waitUntil(batch.catch(() => {}));
    return postern.fetch(request, { ...env, DB: failing(env.DB, faults, goesOn) }, context);
  },
};

function failing(database, faults, goesOn) {
  async function run(statements, { before, after, slow }) {
    if (slow) await new Promise((go) => setTimeout(go, slow));
    if (before) throw new Error(`D1_ERROR: ${before}`);
    const results = await database.batch(statements);
    if (after) throw new Error(`D1_ERROR: ${after}`);
    return results;
  }
  return {
    prepare: (text) => database.prepare(text),
    batch(statements) {
      const batch = run(statements, faults.shift() ?? {});
      goesOn(batch);
      return batch;
    },
  };
}
