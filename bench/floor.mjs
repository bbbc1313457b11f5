// The floor: the lower bound of the cost of a Worker that does our database work. It sends our Worker's statements as one batch, with
// our Worker's command, in which it replaces the credential, the name, the stamp and the time. It responds with two members of the row.
// It reads no header, checks nothing, and trusts any caller.
let isolate; // the platform has no randomness before the first request
let changes = 0;

export default {
  async fetch(request, env) {
    const [, op, credential] = new URL(request.url).pathname.split("/");
    const { statements, command } = env.PLANS[op];
    isolate ??= crypto.randomUUID();
    const sent = { ...command, credential, now: Date.now() * 1000, change: `${isolate}${++changes}` };
    if (request.method !== "GET") {
      const body = await request.json();
      sent.set = { ...command.set, name: body.name ?? body.Name };
    }
    const document = JSON.stringify(sent);
    const results = await env.DB.batch(statements.map((sql) => env.DB.prepare(sql).bind(document)));
    // The last statement returns the row, in a write and in a read.
    const { id, state } = results.at(-1).results[0];
    return Response.json({ id, name: JSON.parse(state).name });
  },
};
