// node bench/run.mjs [--quick] [--only=throughput,distance,growth,footprint,builds] [--rounds=N] [--old=COMMIT] [--old-tree=DIR]
//
// The whole measurement; scripts/bench builds what it needs first.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { builds } from "./builds.mjs";
import { PLAN, QUICK, distance, footprint, growth, stopLoad, throughput } from "./measure.mjs";
import { Progress } from "./progress.mjs";
import { gather, machine, versions, write } from "./report.mjs";
import { prepare, stopAll } from "./sides.mjs";

const PHASES = { throughput, distance, growth, footprint, builds };

const option = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const quick = process.argv.includes("--quick");
const only = option("only")?.split(",");
const [old, oldTree, rounds] = [option("old"), option("old-tree"), option("rounds")];
const unknown = only?.find((phase) => !PHASES[phase]);
if (unknown !== undefined) {
  console.error(`error: --only takes ${Object.keys(PHASES).join(", ")}, with commas between; not '${unknown}'`);
  process.exit(1);
}
const phases = only ?? Object.keys(PHASES);
const plan = { ...(quick ? QUICK : PLAN), ...(rounds && { buildRounds: Number(rounds) }) };

const work = mkdtempSync(join(tmpdir(), "postern-bench-"));
// On exit, because Miniflare, while it is used in this process, exits by itself on a signal.
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
let ending;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end(130));

const progress = new Progress(plan, phases);
try {
  const started = Date.now();
  const measured = {};
  let prepared;
  // The order of the phases is that of PHASES. Each starts its servers before it measures, and ends them.
  for (const phase of Object.keys(PHASES).filter((name) => phases.includes(name))) {
    if (phase === "growth") {
      measured.growth = await growth(plan, progress);
      continue;
    }
    progress.say("making the data of each side");
    if (phase === "builds") {
      measured.builds = await builds(plan, work, oldTree, progress);
      continue;
    }
    prepared ??= await prepare(work);
    measured[phase] = await PHASES[phase](plan, prepared, progress);
  }
  progress.end();
  const report = gather(measured, { plan, quick, old, machine: machine(), versions: versions(), started });
  // bench/results holds whole runs alone.
  const whole = !quick && !only && !rounds;
  const results = whole ? "bench/results" : mkdtempSync(join(tmpdir(), "postern-bench-results-"));
  mkdirSync(results, { recursive: true });
  console.log(write(report, results));
  console.log(`\nWritten to ${results}/: latest.json, latest.md and the plots.`);
  if (report.grows.length) fail(`more rows are read where a tenant has more credentials: ${report.grows.join("; ")}`);
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
  await setTimeout(200); // a workerd that was just killed may yet be making a file
  process.exit(code);
}
