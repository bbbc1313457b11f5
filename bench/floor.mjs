// The floor: the least that a Worker costs which does our database work. It sends the statements that ours sends, one batch,
// with ours' own command, in which only the credential, the name, the stamp and the time are replaced; and answers with two
// members of the row. It reads no header, checks nothing, refuses nothing, and trusts whoever calls.
let born; // no randomness before the first request
let changes = 0;

export default {
  async fetch(request, env) {
    const [, op, credential] = new URL(request.url).pathname.split("/");
    const { statements, command } = env.PLANS[op];
    born ??= crypto.randomUUID();
    const asked = { ...command, credential, now: Date.now() * 1000, change: `${born}${++changes}` };
    if (request.method !== "GET") {
      const body = await request.json();
      asked.set = { ...command.set, name: body.name ?? body.Name };
    }
    const document = JSON.stringify(asked);
    const results = await env.DB.batch(statements.map((sql) => env.DB.prepare(sql).bind(document)));
    // The row that the last statement gives: the write's, or the read's.
    const { id, state } = results.at(-1).results[0];
    return Response.json({ id, name: JSON.parse(state).name });
  },
};
