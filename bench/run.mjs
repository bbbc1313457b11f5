// node bench/run.mjs [--quick] [--only=throughput,distance,growth,footprint,builds,verify] [--write] [--rounds=N] [--old=COMMIT]
//   [--old-tree=DIR]
//
// Runs the benchmark. scripts/bench builds the inputs first.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { builds } from "./builds.mjs";
import { PLAN, QUICK, distance, footprint, growth, stopLoad, throughput } from "./measure.mjs";
import { Progress } from "./progress.mjs";
import { gather, machine, versions, write } from "./report.mjs";
import { prepare, stopAll } from "./sides.mjs";
import { verify } from "./verify.mjs";

const PHASES = { throughput, distance, growth, footprint, builds, verify };

const option = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const quick = process.argv.includes("--quick");
const only = option("only")?.split(",");
const [old, oldTree, rounds] = [option("old"), option("old-tree"), option("rounds")];
const unknown = only?.find((phase) => !PHASES[phase]);
if (unknown !== undefined) {
  console.error(`error: --only has the unknown part '${unknown}'. Use a list of ${Object.keys(PHASES).join(", ")}, separated by commas.`);
  process.exit(1);
}
const merges = process.argv.includes("--write");
if (merges && (quick || only?.join() !== "verify")) {
  console.error("error: --write goes only with --only=verify: the other parts share their commit and date, so only a complete run writes them.");
  process.exit(1);
}
const phases = only ?? Object.keys(PHASES);
const plan = { ...(quick ? QUICK : PLAN), ...(rounds && { buildRounds: Number(rounds) }) };

const work = mkdtempSync(join(tmpdir(), "postern-bench-"));
// On exit rather than on a signal: Miniflare in this process exits by itself on a signal.
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
let ending;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end(130));

const progress = new Progress(plan, phases);
try {
  const started = Date.now();
  const measured = {};
  let prepared;
  // The phases run in the order of PHASES. Each starts its servers before it measures, and stops them.
  for (const phase of Object.keys(PHASES).filter((name) => phases.includes(name))) {
    if (phase === "growth") {
      measured.growth = await growth(plan, progress);
      continue;
    }
    progress.say("creating the data of each side");
    if (phase === "builds") {
      measured.builds = await builds(plan, work, oldTree, progress);
      continue;
    }
    if (phase === "verify") {
      measured.verify = await verify(plan, work, progress);
      continue;
    }
    prepared ??= await prepare(work);
    measured[phase] = await PHASES[phase](plan, prepared, progress);
  }
  progress.end();
  const gathered = gather(measured, { plan, quick, old, machine: machine(), versions: versions(), started });
  // Only complete runs are written to bench/results, and a new part "verify" into the last one.
  const whole = !quick && !only && !rounds;
  const report = merges ? { ...JSON.parse(readFileSync("bench/results/latest.json", "utf8")), verify: gathered.verify } : gathered;
  const results = whole || merges ? "bench/results" : mkdtempSync(join(tmpdir(), "postern-bench-results-"));
  mkdirSync(results, { recursive: true });
  console.log(write(report, results));
  console.log(`\nWritten to ${results}/: latest.json, latest.md and the plots.`);
  if (report.grows.length) fail(`requests read more rows in larger tenants: ${report.grows.join("; ")}`);
  await end(0);
} catch (error) {
  progress.end();
  if (!ending) fail(error.message, error);
}

function fail(message, error) {
  if (!ending) console.error(`error: ${message}`);
  if (error && process.env.DEBUG) console.error(error);
  end(1);
}

async function end(code) {
  if (ending) return;
  ending = true;
  stopLoad();
  await stopAll();
  await setTimeout(200); // a workerd that was just killed may still be writing a file
  process.exit(code);
}
