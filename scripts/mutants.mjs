// `make mutants`: applies each mutant in a separate worktree, runs the tests there until a suite fails, and reports the result.
// scripts/mutants documents the options; tests/mutants has the operators, the list and the result.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { apart, apply, hashOf, nameOf, parse, print, replacement, select } from "../tests/mutants/list.mjs";
import { readBaseline, report, summary } from "../tests/mutants/report.mjs";
import { argumentsOf, nearest, suitesOf } from "../tests/mutants/suites.mjs";

const FOLDER = "target/mutants";
const TREE = `${FOLDER}/tree`;
const LIST = "tests/mutants/mutants.txt";
const BASELINE = "tests/mutants/baseline.md";
const BUILD_TIMEOUT = 900;
// SQLite's messages for a statement that it cannot prepare. Such a mutant is invalid.
const NOT_SQL =
  /: (?:near "[^"]*": syntax error|no such (?:column|table|index|function)|ambiguous column name|incomplete input|no query solution|wrong number of arguments|row value misused|misuse of|table \S+ has \d+ columns|\d+ values for \d+ columns|unrecognized token|sub-select returns|no tables specified)|IN\(\.\.\.\) element/;

const { values: options } = parseArgs({
  options: {
    list: { type: "boolean" }, new: { type: "boolean" }, fresh: { type: "boolean" }, write: { type: "boolean" },
    seed: { type: "string", default: "1" }, only: { type: "string", multiple: true }, commit: { type: "string", default: "HEAD" },
  },
});

const git = (...args) => execFileSync("git", args, { encoding: "utf8" }).trim();
const inTree = (...args) => git("-C", TREE, ...args);
const commit = git("rev-parse", "--verify", `${options.commit}^{commit}`);
const stateFile = `${FOLDER}/state-${commit.slice(0, 12)}.jsonl`;
const listFile = `${FOLDER}/list-${commit.slice(0, 12)}.txt`;

mkdirSync(FOLDER, { recursive: true });
takeTurn();
if (options.fresh) for (const file of [stateFile, listFile]) rmSync(file, { force: true });
checkOut();
const state = readState();
const mutants = readList();
if (!options.only && !options.list) writeFileSync(listFile, print(mutants));
if (options.list) {
  process.stdout.write(print(mutants));
  process.exit();
}

/** Fails if another run is using the worktree. */
function takeTurn() {
  const file = `${FOLDER}/pid`;
  const other = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  try {
    if (other) process.kill(other, 0);
    if (other) fail(`another run is using ${TREE}: process ${other}`);
  } catch {
    // That run has ended.
  }
  writeFileSync(file, String(process.pid));
  process.on("exit", () => rmSync(file, { force: true }));
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

/** Checks the commit out into the worktree, and reverts an interrupted mutant. */
function checkOut() {
  if (!existsSync(`${TREE}/.git`)) {
    git("worktree", "prune");
    git("worktree", "add", "--quiet", "--detach", TREE, commit);
  }
  revert();
  if (inTree("rev-parse", "HEAD") !== commit) inTree("checkout", "--quiet", "--detach", commit);
}

function revert() {
  inTree("checkout", "--quiet", "--", ".");
  inTree("clean", "--quiet", "--force", "-d", "-x", "-e", "/target");
}

/** Reads the results on this commit: the seconds of each suite and, by a mutant's hash, the suites that passed and the verdict. */
function readState() {
  const lines = existsSync(stateFile) ? readFileSync(stateFile, "utf8").split("\n").filter(Boolean) : [];
  const known = { suites: {}, passed: {}, verdicts: {} };
  for (const line of lines) note(known, JSON.parse(line));
  return known;
}

function note(known, entry) {
  if (entry.suite) known.suites[entry.suite] = entry.seconds;
  else if (entry.passed) (known.passed[entry.hash] ??= new Set()).add(entry.passed);
  else known.verdicts[entry.hash] = entry;
}

function remember(entry) {
  note(state, entry);
  appendFileSync(stateFile, `${JSON.stringify(entry)}\n`);
}

function parsed(file) {
  return existsSync(file) ? parse(readFileSync(file, "utf8")) : undefined;
}

/** Reads the list of an interrupted run, or the committed list, or selects one by the seed. Notes are from the committed list. */
function readList() {
  const listed = (!options.new && (parsed(listFile) ?? parsed(LIST))) || select(TREE, options.seed);
  const notes = new Map(parsed(LIST)?.map((mutant) => [hashOf(mutant), mutant.note]));
  const list = listed.map((mutant) => ({ ...mutant, note: notes.get(hashOf(mutant)) }));
  const only = options.only?.flatMap((ids) => ids.split(","));
  return only ? list.filter(({ id }) => only.some((wanted) => id.startsWith(wanted))) : list;
}

const now = () => performance.now() / 1000;

/** Runs cargo in the worktree. Kills it at the first test that fails, or after `timeout` seconds. */
function cargo(args, timeout) {
  return new Promise((resolve) => {
    const start = now();
    // With its own process group, cargo's child processes are killed with it.
    const child = spawn("cargo", args, { cwd: TREE, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let [output, failed, late] = ["", undefined, false];
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The process has exited already.
      }
    };
    const timer = setTimeout(() => ((late = true), end()), timeout * 1000);
    running = end;
    const read = (chunk) => {
      const from = Math.max(output.length - 1000, 0);
      output += chunk;
      failed ??= output.slice(from).match(/^test (\S+) .*\bFAILED$/m)?.[1];
      if (failed) end();
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.on("close", (code) => {
      clearTimeout(timer);
      // If tests run one by one, the line with FAILED has no name. The names are listed at the end.
      failed ??= output.match(/^failures:\n {4}(\S+)$/m)?.[1];
      resolve({ passed: code === 0, failed, late, output: output.slice(-400_000), seconds: now() - start });
    });
  });
}

let running = () => {};
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.on(signal, () => {
    running();
    console.log(`\nInterrupted. Run the same command to resume.`);
    process.exit(code);
  });
}

const build = (suite) => cargo(["test", "--quiet", "--locked", "--no-run", ...argumentsOf(suite)], BUILD_TIMEOUT);
// Without capture, so that a test's output precedes the line that ends the run.
const test = (suite, timeout) => cargo(["test", "--locked", ...argumentsOf(suite), "--", "--nocapture"], timeout);
const timeoutOf = (suite) => Math.max(4 * state.suites[suite], 120);

/** Runs each suite without a mutant. It must pass; its time determines the timeout. */
async function measureSuites(suites) {
  for (const suite of suites.filter((name) => state.suites[name] === undefined)) {
    process.stdout.write(`Without a mutant: ${suite} … `);
    const built = await build(suite);
    const { passed, failed, output, seconds } = built.passed ? await test(suite, 3600) : built;
    if (!passed) {
      fail(`the suite ${suite} fails without a mutant${failed ? `, at ${failed}` : ""}\n${output.slice(-3000)}`);
    }
    remember({ suite, seconds });
    console.log(`${seconds.toFixed(0)} s`);
  }
}

const verdictOf = (mutant) => state.verdicts[hashOf(mutant)]?.verdict;
const passedBy = (mutant, suite) => state.passed[hashOf(mutant)]?.has(suite);

/** Runs a suite with these mutants in the source. Returns the verdict on them, or undefined if the suite passes. */
async function attempt(group, suite) {
  revert();
  if (!group.every((mutant) => apply(TREE, mutant))) return { verdict: "gone" };
  const built = await build(suite);
  if (!built.passed) return { verdict: "invalid", by: built.output.match(/^error.*$/m)?.[0] ?? "the compiler timed out" };
  const { passed, failed, late, output } = await test(suite, timeoutOf(suite));
  if (passed) return undefined;
  const reason = output.match(NOT_SQL)?.[0];
  if (reason) return { verdict: "invalid", by: reason.slice(2) };
  return { verdict: "caught", by: suite, test: late ? "timeout" : (failed ?? "crash") };
}

/** Runs a suite with several mutants at once. If it fails, tries each half of them. A suite that passes detects none of them. */
async function tryTogether(group, suite, onVerdict) {
  const result = await attempt(group, suite);
  if (result && group.length > 1) {
    const half = Math.ceil(group.length / 2);
    await tryTogether(group.slice(0, half), suite, onVerdict);
    await tryTogether(group.slice(half), suite, onVerdict);
    return;
  }
  for (const mutant of group) {
    remember({ hash: hashOf(mutant), id: mutant.id, ...(result ?? { passed: suite }) });
    if (result) onVerdict(mutant, result);
  }
}

const clock = (seconds) => `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} h`;
const details = ({ verdict, by, test: failed }) => [verdict, [by, failed].filter(Boolean).join(": ")].filter(Boolean).join(", by ");

/** Tests the mutants one by one with the suites nearest to them. */
async function runNearest(suites) {
  const start = now();
  const waiting = mutants.filter((one) => !verdictOf(one) && nearest(one.file, suites).some((suite) => !passedBy(one, suite)));
  for (const [done, mutant] of waiting.entries()) {
    const { id, kind, file } = mutant;
    process.stdout.write(`${mutants.indexOf(mutant) + 1} of ${mutants.length}  ${id} ${nameOf(id)} ${kind} ${file} … `);
    const before = now();
    for (const suite of nearest(file, suites)) {
      if (!verdictOf(mutant) && !passedBy(mutant, suite)) await tryTogether([mutant], suite, () => {});
    }
    const left = clock(((now() - start) / (done + 1)) * (waiting.length - done - 1));
    console.log(`${details(state.verdicts[hashOf(mutant)] ?? { verdict: "passes" })}, ${Math.round(now() - before)} s; ${left} left`);
  }
}

/** Tests the mutants that the nearest suites do not detect with all other suites: the fastest first, and many mutants at a time. */
async function runOthers(suites) {
  for (const suite of suites.toSorted((a, b) => state.suites[a] - state.suites[b])) {
    const open = mutants.filter((mutant) => !verdictOf(mutant) && !passedBy(mutant, suite));
    for (const group of apart(open)) {
      console.log(`${suite} on ${group.map(({ id }) => id).join(", ")}`);
      await tryTogether(group, suite, ({ id }, result) => console.log(`  ${id}: ${details(result)}`));
    }
  }
  for (const mutant of mutants.filter((one) => !verdictOf(one))) remember({ hash: hashOf(mutant), id: mutant.id, verdict: "survived" });
}

/** Replaces each mutant that is gone or invalid by the next of its kind. Returns whether any was replaced. */
function replace(tried) {
  let replaced = false;
  for (const [place, mutant] of mutants.entries()) {
    if (!["invalid", "gone"].includes(verdictOf(mutant))) continue;
    const other = replacement(cleanTree(), options.seed, mutant, tried);
    if (!other) continue;
    console.log(`${mutant.id} is ${verdictOf(mutant)}: replaced by ${other.id}`);
    mutants[place] = other;
    tried.push(other);
    replaced = true;
  }
  if (!options.only) writeFileSync(listFile, print(mutants));
  return replaced;
}

async function run() {
  const metadata = execFileSync("cargo", ["metadata", "--no-deps", "--format-version=1", "--locked"], { cwd: TREE, encoding: "utf8" });
  const suites = suitesOf(JSON.parse(metadata));
  await measureSuites(suites);
  const tried = [...mutants];
  do {
    do await runNearest(suites);
    while (replace(tried));
    await runOthers(suites);
  } while (replace(tried));
  revert();
}

/** Returns the worktree without a mutant, from which candidates are selected. */
function cleanTree() {
  revert();
  return TREE;
}

const committed = { list: parsed(LIST) ?? [], caught: readBaseline(BASELINE) };
await run();
const results = mutants.map((mutant) => ({ ...mutant, ...state.verdicts[hashOf(mutant)] }));
console.log(`\n${summary(results)}`);
if (options.write) {
  writeFileSync(LIST, print(mutants));
  writeFileSync(BASELINE, report(results, { commit, seed: options.seed, suites: state.suites }));
}
const lost = committed.list.filter((mutant) => committed.caught.has(mutant.id) && verdictOf(mutant) === "survived");
for (const { id, kind, file } of lost) console.log(`Was caught, and survives now: ${id} ${kind} ${file}`);
process.exit(lost.length ? 1 : 0);
