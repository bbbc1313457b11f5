// Wraps the Worker of a side, so that no prepared statement is reused: each statement is sent with a new comment, and so compiled again.
import side from "./side/index.js";

let sent = 0;

export default {
  fetch(request, env, context) {
    const comment = `\n/* ${Date.now()} ${++sent} */`;
    const database = {
      prepare: (text) => env.DB.prepare(text + comment),
      batch: (statements) => env.DB.batch(statements),
    };
    return side.fetch(request, { ...env, DB: database }, context);
  },
};
