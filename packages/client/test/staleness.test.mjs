// The law of docs/VERIFICATION.md, for what the middleware accepts, over random schedules: with a bound of B seconds, a token that is
// accepted was valid at some time in the B seconds before the request, or during it.
//
// POSTERN_SCHEDULES: the number of schedules; POSTERN_SEED: the seed of the first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal, createVerifier } from "../src/middleware.js";

const { POSTERN_SCHEDULES: schedules = 400, POSTERN_SEED: first = Date.now() % 1e9 } = process.env;
const STEPS = 100;
const NEEDS = { all: [{ role_id: "viewer" }] };

/** mulberry32 */
function randomFrom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Whether a token is valid, over time. */
class Validity {
  changes = [{ from: -Infinity, valid: true }];
  at(time) {
    return this.changes.findLast(({ from }) => from <= time).valid;
  }
  change(time) {
    this.changes.push({ from: time, valid: !this.at(time) });
  }
  /** Whether it is valid, or not, at some time from `from` to `until`. */
  within(from, until, valid) {
    return this.at(from) === valid || this.changes.some((change) => change.valid === valid && change.from > from && change.from <= until);
  }
}

/**
 * A machine with one clock, like Workers, or with a wall clock and a monotonic one. The wall clock steps, or the monotonic one stops
 * while the machine sleeps: only one of the two in a schedule. The clock of a machine that has only one steps back between two
 * requests at the same time: any other step cannot be noticed.
 */
class Machine {
  constructor(random) {
    this.random = random;
    this.time = 1e9;
    this.asleep = 0;
    this.skew = Math.floor((random() - 0.5) * 1e10);
    this.hasMonotonic = random() < 0.5;
    this.sleeps = this.hasMonotonic && random() < 0.5;
  }
  clocks() {
    const wall = Math.floor(this.time) + this.skew;
    return this.hasMonotonic ? [wall, this.time - this.asleep] : [wall];
  }
  async disturb(ask) {
    const size = Math.ceil(this.random() * 20_000);
    if (this.sleeps) {
      this.time += size;
      this.asleep += size;
    } else if (this.random() < 0.3) {
      this.skew += size;
    } else {
      if (!this.hasMonotonic) await ask();
      this.skew -= size;
      if (!this.hasMonotonic) await ask();
    }
  }
}

async function run(seed, counts) {
  const random = randomFrom(seed);
  const any = (list) => list[Math.floor(random() * list.length)];
  const machine = new Machine(random);
  const [ofTenant, requested] = [any([0, 2, 10, 60]), any([undefined, undefined, 1, 10, 60])];
  const bound = 1000 * Math.min(ofTenant, requested ?? Infinity);
  const tokens = { a: new Validity(), b: new Validity() };
  /** The requests that wait for Postern. */
  const waiting = [];
  /** The request that is being sent. */
  let current;

  /** Postern, which also answers from its own memory. It looks when the request arrives, or when it answers. */
  const postern = {
    fetch(_, { body }) {
      const { token, max_staleness_seconds = Infinity } = JSON.parse(body);
      const seconds = Math.min(ofTenant, max_staleness_seconds);
      const look = () => {
        const age = random() < 0.5 ? 0 : random() * seconds;
        const isRemembered = tokens[token].at(machine.time - 1000 * age);
        const active = isRemembered || tokens[token].at(machine.time);
        const age_seconds = isRemembered ? age : 0;
        return Response.json({ active, allowed: active, age_seconds, max_staleness_seconds: seconds, expires_at: null });
      };
      const early = random() < 0.5 ? look() : undefined;
      return new Promise((resolve) => {
        waiting.push({ judged: current.judged, answer: () => resolve(early ?? look()) });
        current.arrived();
      });
    },
  };
  const verify = createVerifier({ service: postern, token: "own", clocks: () => machine.clocks(), timeoutSeconds: 3600 });

  /** Sends a request. Returns when it waits for Postern or is answered. */
  async function ask() {
    const [name, sent] = [any(Object.keys(tokens)), machine.time];
    const token = tokens[name];
    const request = new Request("https://api.example/", { headers: { authorization: `Bearer ${name}` } });
    const sending = { isAtPostern: false };
    const arrival = new Promise((arrived) => {
      sending.arrived = () => arrived((sending.isAtPostern = true));
    });
    current = sending;
    sending.judged = verify(request, { needs: NEEDS, maxStalenessSeconds: requested }).then(
      () => true,
      (error) => {
        if (!(error instanceof Refusal && error.status === 401)) throw error;
        return false;
      },
    ).then((accepted) => {
      const answered = machine.time;
      const which = `seed ${seed}: token ${name}, sent at ${sent}, answered at ${answered}, bound ${bound} ms`;
      if (accepted) assert.ok(token.within(sent - bound, answered, true), `${which}: accepted, but not valid within the bound`);
      else assert.ok(token.within(sent, answered, false), `${which}: refused, but valid all the time`);
      counts.answers += 1;
      if (!accepted) counts.refused += 1;
      else if (!sending.isAtPostern) counts.fromMemory += 1;
      if (accepted && !sending.isAtPostern && !token.at(sent)) counts.onlyByTheBound += 1;
    });
    await Promise.race([arrival, sending.judged]);
  }

  async function answer() {
    const [one] = waiting.splice(Math.floor(random() * waiting.length), 1);
    one?.answer();
    await one?.judged;
  }

  for (let step = 0; step < STEPS; step++) {
    const kind = random();
    if (kind < 0.4) await ask();
    else if (kind < 0.9) await answer();
    else if (kind < 0.97) any(Object.values(tokens)).change(machine.time);
    else await machine.disturb(ask);
    machine.time += random() * any([5, 100, 2000]);
  }
  while (waiting.length) await answer();
}

test("token that is accepted was valid within the bound, whatever changes, is late or steps", async () => {
  const counts = { answers: 0, refused: 0, fromMemory: 0, onlyByTheBound: 0 };
  for (let count = 0; count < Number(schedules); count++) await run(Number(first) + count, counts);
  const { answers, refused, fromMemory, onlyByTheBound } = counts;
  console.log(
    `middleware: ${answers} verifications in ${schedules} schedules: ${fromMemory} tokens accepted from memory, ${onlyByTheBound} of ` +
      `them only by the bound; ${refused} refused; 0 answers not permitted; seed ${first}`,
  );
  // Otherwise the schedules show nothing.
  for (const [name, count] of Object.entries(counts)) assert.ok(count >= Number(schedules) / 10, name);
});
