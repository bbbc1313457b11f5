// `make mutants`: applies each mutant to a worktree of its own, runs the tests there until a suite fails, and reports.
// scripts/mutants says how it is used; tests/mutants has the operators, the list and its result.
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
// What SQLite says of a statement that it cannot prepare: such a mutant is no test of the tests.
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

/** Only one run at a time: there is one worktree. */
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

/** The worktree, at the commit, without what an interrupted mutant left in it. */
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

/** What has run on this commit: the seconds of each suite, what each mutant passed so far, and the verdicts, by its hash. */
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

/** The list of this run, with what it has replaced; else the committed one; else one by the seed. Notes are the committed ones. */
function readList() {
  const listed = (!options.new && (parsed(listFile) ?? parsed(LIST))) || select(TREE, options.seed);
  const notes = new Map(parsed(LIST)?.map((mutant) => [hashOf(mutant), mutant.note]));
  const list = listed.map((mutant) => ({ ...mutant, note: notes.get(hashOf(mutant)) }));
  const only = options.only?.flatMap((ids) => ids.split(","));
  return only ? list.filter(({ id }) => only.some((wanted) => id.startsWith(wanted))) : list;
}

const now = () => performance.now() / 1000;

/** Runs cargo in the worktree. Ends it at the first test that fails, or after so many seconds. */
function cargo(args, timeout) {
  return new Promise((resolve) => {
    const start = now();
    // A process group of its own, so that what cargo started ends with it.
    const child = spawn("cargo", args, { cwd: TREE, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let [output, failed, late] = ["", undefined, false];
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
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
      // Where tests run one by one, the word stands alone; their names are listed at the end.
      failed ??= output.match(/^failures:\n {4}(\S+)$/m)?.[1];
      resolve({ passed: code === 0, failed, late, output: output.slice(-400_000), seconds: now() - start });
    });
  });
}

let running = () => {};
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.on(signal, () => {
    running();
    console.log(`\nInterrupted. The same command goes on from here.`);
    process.exit(code);
  });
}

const build = (suite) => cargo(["test", "--quiet", "--locked", "--no-run", ...argumentsOf(suite)], BUILD_TIMEOUT);
// Without capture, so that what a test says stands before the line that ends the run.
const test = (suite, timeout) => cargo(["test", "--locked", ...argumentsOf(suite), "--", "--nocapture"], timeout);
const timeoutOf = (suite) => Math.max(4 * state.suites[suite], 120);

/** Each suite without a mutant: it has to pass, and takes its usual time. */
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

/** Runs a suite on the source with these mutants in it: a verdict on them, or undefined where they pass. */
async function attempt(group, suite) {
  revert();
  if (!group.every((mutant) => apply(TREE, mutant))) return { verdict: "gone" };
  const built = await build(suite);
  if (!built.passed) return { verdict: "invalid", by: built.output.match(/^error.*$/m)?.[0] ?? "the compiler does not end" };
  const { passed, failed, late, output } = await test(suite, timeoutOf(suite));
  if (passed) return undefined;
  const reason = output.match(NOT_SQL)?.[0];
  if (reason) return { verdict: "invalid", by: reason.slice(2) };
  return { verdict: "caught", by: suite, test: late ? "timeout" : (failed ?? "crash") };
}

/** Runs a suite on mutants that are in the source together; where it fails, on each half of them. A suite that passes notices none. */
async function tryTogether(group, suite, tell) {
  const result = await attempt(group, suite);
  if (result && group.length > 1) {
    const half = Math.ceil(group.length / 2);
    await tryTogether(group.slice(0, half), suite, tell);
    await tryTogether(group.slice(half), suite, tell);
    return;
  }
  for (const mutant of group) {
    remember({ hash: hashOf(mutant), id: mutant.id, ...(result ?? { passed: suite }) });
    if (result) tell(mutant, result);
  }
}

const clock = (seconds) => `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} h`;
const details = ({ verdict, by, test: failed }) => [verdict, [by, failed].filter(Boolean).join(": ")].filter(Boolean).join(", by ");

/** One mutant after the other, through the suites nearest to it. */
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

/** Those that the nearest do not notice through all other suites, the quickest first, and many at a time: most pass. */
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

/** Puts the next of its kind in the place of each mutant that is gone or invalid. Whether there was any. */
function replace(tried) {
  let replaced = false;
  for (const [place, mutant] of mutants.entries()) {
    if (!["invalid", "gone"].includes(verdictOf(mutant))) continue;
    const other = replacement(cleanTree(), options.seed, mutant, tried);
    if (!other) continue;
    console.log(`${mutant.id} is ${verdictOf(mutant)}: ${other.id} is in its place`);
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

/** The worktree without a mutant: candidates are of the source as it is. */
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
