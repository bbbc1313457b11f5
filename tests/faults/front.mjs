// Wraps the built Worker (scripts/serve.mjs, POSTERN_FRONT) with a database that fails on request. The header
// `x-fault-for-tests` has a list, one item for each batch of the request, in order:
//
//   {"before": "message"}   the batch fails with the message and is not run
//   {"after": "message"}    the batch is run and then fails with the message
//   {"slow": ms}            the batch is run after that delay
//   {"late": ms}            the batch is run, and its result is returned after that delay
//   null                    the batch is run normally, as are batches without an item
import postern from "./index.js";

export default {
  ...postern,
  fetch(request, env, context) {
    const faults = JSON.parse(request.headers.get("x-fault-for-tests") ?? "[]");
    // A database finishes what it was sent, even if nothing waits for the result any more.
    const goesOn = (batch) => context.waitUntil(batch.catch(() => {}));
    return postern.fetch(request, { ...env, DB: failing(env.DB, faults, goesOn) }, context);
  },
};

function failing(database, faults, goesOn) {
  async function run(statements, { before, after, slow, late }) {
    if (slow) await new Promise((go) => setTimeout(go, slow));
    if (before) throw new Error(`D1_ERROR: ${before}`);
    const results = await database.batch(statements);
    if (late) await new Promise((go) => setTimeout(go, late));
    if (after) throw new Error(`D1_ERROR: ${after}`);
    return results;
  }
  return {
    prepare: (text) => database.prepare(text),
    withSession: (from) => failing(database.withSession(from), faults, goesOn),
    batch(statements) {
      const batch = run(statements, faults.shift() ?? {});
      goesOn(batch);
      return batch;
    },
  };
}
