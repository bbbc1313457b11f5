// Adds `x-trips` to each response, the number of D1 trips of the request. Handles one request at a time. For the tests.

let trips = 0;

export const counted = (worker) => {
  const databases = new WeakMap();
  return {
    async fetch(request, env, context) {
      if (!databases.has(env.DB)) databases.set(env.DB, countedDatabase(env.DB));
      trips = 0;
      const answer = await worker.fetch(request, { ...env, DB: databases.get(env.DB) }, context);
      const told = new Response(answer.body, answer);
      told.headers.set("x-trips", trips);
      return told;
    },
  };
};

const statements = new WeakMap();

const countedDatabase = (database) => ({
  prepare: (sql) => countedStatement(database.prepare(sql)),
  batch(batch) {
    trips += 1;
    return database.batch(batch.map((statement) => statements.get(statement)));
  },
});

function countedStatement(statement) {
  const run = (name) => (...options) => {
    trips += 1;
    return statement[name](...options);
  };
  const it = {
    bind: (...values) => countedStatement(statement.bind(...values)),
    first: run("first"),
    all: run("all"),
    run: run("run"),
    raw: run("raw"),
  };
  statements.set(it, statement);
  return it;
}
