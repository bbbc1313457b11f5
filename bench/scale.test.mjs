// Tests the arithmetic of bench/scale.mjs, and that the sizes in bench/results/storage.json are those of the current schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFAULTS, bill, generated, hitRate, notesOf, plan, scenarioOf } from "./scale.mjs";
import { measure } from "./storage.mjs";

const MONTH = 2_592_000;
const MEASURED = { credential_bytes: 2000, change_bytes: 250, note_rows: 2, verify_rows: [15, 0], cpu_us: 800 };
const planned = (scenario) => plan({ ...DEFAULTS, ...scenario }, MEASURED);
const close = (actual, expected, share = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= share * Math.abs(expected), `${actual} instead of ${expected}`);

/** Returns the share of arrivals of a Poisson process that come within `seconds` of the last one that did not. The seed is fixed. */
function simulated(rate, seconds) {
  let [state, now, filled, hits] = [1, 0, -Infinity, 0];
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const arrivals = 200_000;
  for (let count = 0; count < arrivals; count++) {
    now -= Math.log(random()) / rate;
    if (now - filled <= seconds) hits += 1;
    else filled = now;
  }
  return hits / arrivals;
}

test("hit rate is that of simulated Poisson arrivals", () => {
  for (const [rate, bound] of [[0.01, 10], [0.1, 10], [1, 10], [2, 60]]) close(hitRate(rate, bound), simulated(rate, bound), 0.03);
  assert.equal(hitRate(5, 0), 0);
});

test("notes of last use are those of simulated Poisson arrivals", () => {
  for (const rate of [0.002, 1 / 60, 1]) close(notesOf(1, rate, 60), rate * (1 - simulated(rate, 60)), 0.03);
  // A million secrets in constant use: each has at most one note a minute.
  close(notesOf(1e6, 1e9, 60), 1e6 / 60, 0.001);
  assert.equal(notesOf(0, 0, 60), 0);
});

test("uneven use of secrets has no lower hit rate than even use", () => {
  const overall = (rates) => rates.reduce((sum, rate) => sum + rate * hitRate(rate, 10), 0) / rates.reduce((sum, rate) => sum + rate);
  const even = overall([0.1, 0.1, 0.1, 0.1]);
  for (const rates of [[0.2, 0.1, 0.05, 0.05], [0.37, 0.01, 0.01, 0.01], [0.4, 0, 0, 0]]) assert.ok(overall(rates) > even);
});

test("scenario is what a calculation by hand says", () => {
  const today = planned({ credentials: 1e6, changes: 4, verifications: 2000, "per-secret": 2 });
  assert.equal(today.secrets, 1000);
  assert.equal(today.reads, 2000);
  close(today.notes, 2000 / 121);
  assert.equal(today.bytes, 3e9);
  assert.equal(today.size, 0.3);
  close(today.load, 2 + (2000 / 121) * 0.005);
  assert.equal(today.databases, 3);
  close(today.tenant, 1 / today.load);
  close(today.dollars.requests, (2000 * MONTH - 10e6) * 0.3e-6);
  close(today.dollars.cpu, (2000 * MONTH * 0.8 - 30e6) * 0.02e-6);
  close(today.dollars.rows_read, (2000 * MONTH * 15 - 25e9) * 0.001e-6);
  close(today.dollars.rows_written, ((2000 / 121) * MONTH * 2 - 50e6) * 1e-6);
  assert.equal(today.dollars.storage, 0);
  // A rate of 0.2 in each of 10 isolates, for 20 s: 4 of 5 are hits. The reads are spread over 4 copies, the notes are not.
  const near = planned({ credentials: 1e6, changes: 4, verifications: 2000, "per-secret": 2, bound: 20, regions: 4 });
  close(near.hits, 0.8);
  close(near.reads, 400);
  close(near.load, 0.1 + (2000 / 121) * 0.005);
  assert.equal(near.databases, 1);
  assert.equal(near.tenant, 1);
  const slow = planned({ verifications: 2000, "per-secret": 2, "read-ms": 3, "write-ms": 20 });
  close(slow.load, 6 + (2000 / 121) * 0.02);
});

test("given hit rate replaces that of the bound", () => {
  assert.equal(planned({ bound: 10, "hit-rate": 0 }).reads, planned({}).reads);
  close(planned({ bound: 10, "hit-rate": 0.9 }).reads, 100);
});

test("nothing in use costs the subscription and the storage", () => {
  const { dollars, databases, exceeded } = planned({ credentials: 1e6, changes: 16, verifications: 0 });
  assert.deepEqual([dollars.total, databases, exceeded], [5 + 0.75, 1, "none"]);
});

test("included amounts are free, and only what exceeds them costs", () => {
  assert.equal(bill({ rows_written: 50e6, storage: 5 }).total, 5);
  assert.equal(bill({ rows_written: 51e6, storage: 7 }).total, 5 + 1 + 1.5);
});

test("exceeded limit is the one that a single database meets first", () => {
  for (const [scenario, limit] of [
    [{}, "reads of one primary"],
    [{ verifications: 900 }, "none"],
    [{ "hit-rate": 0.99, verifications: 20_000 }, "last-use notes"],
    [{ verifications: 16_000, "per-secret": 1 / 60 }, "last-use notes"],
    [{ credentials: 1e7, verifications: 1 }, "10 GB a database"],
    [{ credentials: 1e9, verifications: 1 }, "10 GB a database, 1 TB an account"],
    [{ verifications: 2e6 }, "reads of one primary, 1024 shard numbers"],
  ]) {
    assert.equal(planned(scenario).exceeded, limit, JSON.stringify(scenario));
  }
});

test("tenant has to fit one database", () => {
  close(planned({ credentials: 1e7, changes: 0, verifications: 1 }).tenant, 0.5);
});

test("invalid options are all reported together", () => {
  assert.equal(scenarioOf({ credentials: "5e6" }).credentials, 5e6);
  assert.throws(() => scenarioOf({ bound: "301", regions: "x", isolates: "", credentials: "1" }), {
    message: "--bound takes a number from 0 to 300; --regions takes a number from 1 to 6; --isolates takes a number from 1 to 1000000",
  });
});

test("only generated parts of a document are replaced", () => {
  const document = "a\n<!-- generated: one -->\nold\n<!-- end -->\nb\n<!-- generated: two -->\n<!-- end -->\n";
  assert.equal(
    generated(document, { one: "1\n", two: "2\n" }),
    "a\n<!-- generated: one -->\n1\n<!-- end -->\nb\n<!-- generated: two -->\n2\n<!-- end -->\n",
  );
  assert.throws(() => generated(document, { three: "3\n" }), /no part 'three'/);
});

test("storage.json has the sizes of the current schema", async () => {
  const kept = JSON.parse(readFileSync("bench/results/storage.json", "utf8"));
  const measured = await measure();
  for (const [name, value] of Object.entries(kept)) {
    assert.ok(Math.abs(measured[name] - value) <= 0.03 * value, `${name}: ${measured[name]} instead of ${value}: run node bench/storage.mjs`);
  }
});
