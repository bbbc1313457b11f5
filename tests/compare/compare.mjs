// node tests/compare/compare.mjs OLD_URL NEW_URL --settings FILE --old-tree DIR --seed N --requests N [--rows-read] [--expected FILE] --report FILE
//
// Sends the same requests to two running builds and compares the responses; scripts/compare starts them.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Hints, differences } from "./diff.mjs";
import { comparable, ofCredentials } from "./history.mjs";
import { Pairs } from "./pairs.mjs";
import { Random } from "./random.mjs";
import { sessions } from "./recorded.mjs";
import { Report } from "./report.mjs";
import { ROOT, request } from "./requests.mjs";
import { ROUTES, check, route } from "./routes.mjs";
import { Side, Unknown, readId } from "./side.mjs";
import { cast, everyRoute, story } from "./stories.mjs";
import { World } from "./world.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    settings: { type: "string" },
    "old-tree": { type: "string" },
    seed: { type: "string" },
    requests: { type: "string" },
    "rows-read": { type: "boolean", default: false },
    expected: { type: "string", default: "tests/compare/expected.txt" },
    report: { type: "string" },
  },
});
const seed = Number(options.seed);
const wanted = Number(options.requests);
/** The first time on both builds' clocks, after the creation of their first tenant. */
const START = Date.UTC(2035, 0, 1);
/** The number of interleaved sequences. */
const STORIES = 3;
const ZERO = "0".repeat(26);

class Comparison {
  #sides = positionals.map((url, at) => new Side(["old", "new"][at], url));
  #pairs = new Pairs();
  #hints = [new Hints(), new Hints()];
  world = new World(START);
  report = new Report(seed, options.expected);

  constructor() {
    const root = readFileSync(options.settings, "utf8").match(/^POSTERN_ROOT_TOKEN="(.*)"$/m)[1];
    for (const { values } of this.#sides) {
      for (const [name, value] of [["root", root], ["t0", ZERO], ["p0", ZERO], ["label:t0", "acme"]]) values.set(name, value);
    }
    this.#pairs.pair("id", ZERO, ZERO);
  }

  /** Sends a request to both builds; returns the old build's response, or `undefined` if the request names something missing. */
  async exchange(request, phase, index) {
    let prepared;
    try {
      prepared = this.#sides.map((side) => side.prepare(request));
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      this.report.skipped += 1;
      return undefined;
    }
    this.world.clock += 40 + (index % 7) * 13 + (request.wait ?? 0);
    const answers = await Promise.all(this.#sides.map((side, at) => side.send(prepared[at], this.world.clock)));
    const [old, now] = answers.map((answer) => comparable(request, answer));
    const found = differences(this.#pairs, old, now, { rowsRead: options["rows-read"] });
    const hints = answers.map((answer, at) => this.#hints[at].wrong(answer));
    if (hints[0] !== hints[1]) found.push({ what: "hints that are of another secret", old: hints[0], now: hints[1] });
    this.report.note({ request, phase, index }, old, now, found);
    const ok = [old, now].every(({ status }) => status >= 200 && status < 300);
    const learnt = this.#learn(request, answers);
    if (ok) request.after?.({ ...answers[0], learnt, request });
    return { ...answers[0], ok, both: answers };
  }

  /** Each tenant's whole history: one build may have more events, and so more pages. */
  async histories() {
    for (const [index, tenant] of this.world.tenants.entries()) {
      const path = `/v1/tenants/‹id ${tenant.name}›/events?limit=100`;
      const asked = { route: route("own", "history", "tenant"), method: "GET", path, headers: ROOT };
      const [old, now] = await Promise.all(this.#sides.map((side) => this.#history(side, asked)));
      this.report.note({ request: asked, phase: "histories", index }, old, now, differences(this.#pairs, old, now, {}));
    }
  }

  /** A tenant's history from one build, all pages in one response, as a list of the events of credentials. */
  async #history(side, asked) {
    const items = [];
    for (let cursor = ""; ; ) {
      const answer = await side.send(side.prepare({ ...asked, path: asked.path + cursor }), this.world.clock);
      items.push(...(answer.json?.items ?? []));
      if (answer.status !== 200) return answer;
      if (answer.json.next) cursor = `&cursor=${encodeURIComponent(answer.json.next)}`;
      else return { status: 200, headers: [], json: ofCredentials(items), text: JSON.stringify(ofCredentials(items)) };
    }
  }

  /** Stores the values that both responses returned; returns their names. */
  #learn({ learn }, answers) {
    if (!learn) return [];
    const values = answers.map(learn);
    const names = Object.keys(values[0]).filter((name) => values[1][name] !== undefined);
    for (const name of names) {
      this.#sides.forEach((side, at) => {
        if (name.startsWith("tag:")) side.values.set(`old${name}`, side.values.get(name) ?? '"none.1"');
        side.values.set(name, values[at][name]);
      });
      if (/^[tpc]\d/.test(name)) this.#pairs.pair("id", values[0][name], values[1][name]);
    }
    return names;
  }

  /** Runs a sequence to its end. */
  async tell(phase, sequence) {
    let answer;
    for (let index = 1; ; index++) {
      const { value, done } = sequence.next(answer);
      if (done) return;
      answer = (await this.exchange(value, phase, index)) ?? { ok: false, status: 0 };
    }
  }

  close() {
    for (const side of this.#sides) side.close();
  }
}

function progress(text, last = false) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${last ? "\n" : ""}`);
  else if (last) process.stderr.write(`${text}\n`);
}

/** Sends the recorded sessions one after another in the first tenant, with new values for the names that they need. */
async function recorded(comparison) {
  const { world } = comparison;
  const r = new Random(seed, -1);
  const make = async (face, noun, extra, body) => {
    const asked = request(r, world, route(face, "create", noun), { plain: true, tenant: world.zero, valid: true, caller: { ...ROOT, ...extra }, body });
    if (!(await comparison.exchange(asked, "recorded", 0))?.ok) throw new Error(`${asked.path} failed: the recordings need it`);
    return asked;
  };
  const count = sessions({}).length;
  for (let at = 0; at < count; at++) {
    const { made: account } = await make("keycard", "principal", {}, { name: "recorded" });
    const byRoot = { "x-postern-tenant": "acme" };
    const { made: client, told: secret } = await make("coactive", "credential", byRoot, { name: "recorded" });
    const { told: admin } = await make("coactive", "credential", byRoot, { name: "admin", roles: [{ role_id: "admin" }] });
    const asked = request(r, world, route("keycard", "create", "credential"), {
      plain: true, valid: true, tenant: world.zero, principal: { name: account }, caller: ROOT, body: { name: "recorded", description: "d" },
    });
    await comparison.exchange(asked, "recorded", 0);
    const logIn = request(r, world, route("coactive", "log in", "caller"), { plain: true, valid: true, caller: { authorization: `Basic ‹basic ${client} ${secret}›` }, body: null });
    await comparison.exchange(logIn, "recorded", 0);
    const user = { UserGUID: "00000000-0000-0000-0000-000000000000" };
    const { made: first } = await make("litegraph", "credential", {}, user);
    const names = {
      root: "‹text root›", admin: `‹text ${admin}›`, access: `‹text ${logIn.told}›`, pair: `‹client ${client}›:‹text ${secret}›`,
      basic: `‹basic ${client} ${secret}›`, client: `‹client ${client}›`, account: `‹id ${account}›`, user: `‹guid ${account}›`,
      credential: `‹id ${asked.made}›`, guid: `‹guid ${asked.made}›`, first: `‹guid ${first}›`,
    };
    const { name, requests } = sessions(names)[at];
    const chosen = [];
    for (const [number, one] of requests.entries()) {
      const learnt = {};
      if (one.body?.[0].includes('"foobar"')) {
        chosen.push(world.next("c"));
        learnt.learn = ({ json, status }) => (status === 200 ? { [chosen.at(-1)]: readId(json.GUID) } : {});
      }
      const answer = await comparison.exchange({ ...one, ...learnt }, `recorded ${name}`, number + 1);
      if (!answer) throw new Error(`${name} ${number + 1} names what there is not`);
    }
    // The next client creates one with the same token.
    for (const name of chosen) {
      const path = `/v1.0/tenants/‹guid t0›/credentials/‹guid ${name}›`;
      await comparison.exchange({ method: "DELETE", path, headers: ROOT }, "recorded", 0);
    }
  }
}

async function random(comparison) {
  const { world } = comparison;
  const running = [];
  const from = Date.now();
  // A sequence may end without a request, so choices are counted separately from requests.
  for (let index = 1, choice = 1; index <= wanted; choice++) {
    const r = new Random(seed, choice);
    let answer;
    if (r.chance(0.5)) {
      while (running.length < STORIES) running.push({ sequence: story(new Random(seed, 1e7 + choice * 8 + running.length), world) });
      const one = r.pick(running);
      const { value, done } = one.sequence.next(one.answer);
      if (done) {
        running.splice(running.indexOf(one), 1);
        continue;
      }
      answer = await comparison.exchange(value, "random", index);
      one.answer = answer ?? { ok: false, status: 0 };
    } else {
      const rare = (one) => (one.verb === "delete all" || (one.verb === "delete" && one.noun !== "credential") ? 0.35 : 1);
      const one = ROUTES[Number(r.weighed(Object.fromEntries(ROUTES.map((each, at) => [at, rare(each)]))))];
      const wait = r.chance(0.01) ? r.pick([61_000, 600_000]) : 0;
      answer = await comparison.exchange({ ...request(r, world, one), wait }, "random", index);
    }
    index += 1;
    if (index % 100 === 0) {
      const left = Math.ceil((((Date.now() - from) / index) * (wanted - index)) / 1000);
      progress(`${index} of ${wanted} random requests, about ${left} s left`, !process.stderr.isTTY && index % 1000 === 0);
    }
  }
  progress(`${wanted} random requests`, true);
}

/** Compares the final state: each list of each face, all pages, and each credential's history. */
function* final(world) {
  const r = new Random(seed, -2);
  for (const one of ROUTES.filter(({ verb, method }) => ["list", "page", "history", "roles"].includes(verb) && method === "GET")) {
    if (one.verb === "history" && one.noun === "tenant") continue; // histories()
    const tenants = one.noun === "tenant" && ["list", "page"].includes(one.verb) ? [world.zero] : world.tenants;
    for (const tenant of tenants) {
      const principals = one.path.includes("service-accounts/{}") ? tenant.principals : [undefined];
      const credentials = one.verb === "history" && one.noun === "credential" ? tenant.credentials : [undefined];
      for (const principal of principals) for (const credential of credentials) yield* whole(r, world, one, { tenant, principal, credential });
    }
  }
  for (const tenant of world.tenants) {
    for (const noun of ["principal", "credential"]) {
      for (const one of tenant[`${noun}s`]) {
        yield request(r, world, route("own", "read", noun), { plain: true, method: "GET", caller: ROOT, tenant, [noun]: one });
      }
    }
    yield request(r, world, route("own", "read", "tenant"), { plain: true, method: "GET", caller: ROOT, tenant });
  }
}

function* whole(r, world, one, scene) {
  const caller = one.face === "coactive" ? { ...ROOT, "x-postern-tenant": `‹id ${scene.tenant.name}›` } : ROOT;
  const [limit, word] = { own: ["limit=100", "cursor"], keycard: ["limit=100", "after"], litegraph: ["max-keys=1000", "token"], coactive: ["", ""] }[one.face];
  let query = one.verb === "page" || one.verb === "history" ? limit : "";
  for (;;) {
    const before = world.cursors.at(-1);
    const { json } = yield request(r, world, one, { plain: true, valid: true, method: "GET", caller, query, ...scene });
    const cursor = world.cursors.at(-1);
    const more = json?.next || json?.page_info?.has_next_page || json?.ContinuationToken;
    if (!more || !cursor || cursor === before) return;
    query = `${limit}&${word}=‹url ${cursor.name}›`;
  }
}

const trees = [options["old-tree"], "."].map(check);
const unlisted = trees[0].unlisted.filter((name) => trees[1].unlisted.includes(name));
if (unlisted.length || trees.some(({ missing }) => missing.length)) {
  console.error(`error: tests/compare/routes.mjs is not the table of src/route.rs: ${JSON.stringify(trees)}`);
  process.exit(1);
}
for (const name of trees[1].unlisted) console.log(`Only in the new build, and not compared: ${name}`);

const comparison = new Comparison();
console.log(`Comparing with seed ${seed}`);
await comparison.tell("set-up", cast(new Random(seed, -3), comparison.world, comparison.world.zero));
await comparison.tell("every route", everyRoute(new Random(seed, -4), comparison.world));
progress("every route once", true);
await recorded(comparison);
progress("the recorded sessions", true);
await random(comparison);
await comparison.tell("final", final(comparison.world));
await comparison.histories();
progress("the state at the end", true);
comparison.close();
process.exit(comparison.report.print(options.report) ? 0 : 1);
