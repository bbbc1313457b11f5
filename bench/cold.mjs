// Stands before the Worker of a side where each statement is new to the database: each is sent with a comment that no request
// had before, so that no prepared statement is kept and each is compiled again. Its own text is as it was.
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
