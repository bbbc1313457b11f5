// `make mutants`: applies each mutant to a worktree of its own, runs the tests there until a suite fails, and reports.
// scripts/mutants says how it is used; tests/mutants has the operators, the list and its result.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { apply, hashOf, nameOf, parse, print, replacement, select } from "../tests/mutants/list.mjs";
import { readBaseline, report, summary } from "../tests/mutants/report.mjs";
import { argumentsOf, inOrder, suitesOf } from "../tests/mutants/suites.mjs";

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

/** What has run on this commit: { suites: { name: seconds }, verdicts: { hash: verdict } }. */
function readState() {
  const lines = existsSync(stateFile) ? readFileSync(stateFile, "utf8").split("\n").filter(Boolean) : [];
  const known = { suites: {}, verdicts: {} };
  for (const line of lines) {
    const entry = JSON.parse(line);
    if (entry.suite) known.suites[entry.suite] = entry.seconds;
    else known.verdicts[entry.hash] = entry;
  }
  return known;
}

const remember = (entry) => appendFileSync(stateFile, `${JSON.stringify(entry)}\n`);

/** The list of this run, with what it has replaced; else the committed one; else one by the seed. */
function readList() {
  const found = options.new ? undefined : [listFile, LIST].find((file) => existsSync(file));
  const list = found ? parse(readFileSync(found, "utf8")) : select(TREE, options.seed);
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
    state.suites[suite] = seconds;
    remember({ suite, seconds });
    console.log(`${seconds.toFixed(0)} s`);
  }
}

/** What becomes of a mutant: { verdict: caught, survived, invalid or gone; by, test, seconds }. */
async function judge(mutant, suites) {
  const start = now();
  const verdict = (name, by, failed) => ({ verdict: name, by, test: failed, seconds: Math.round(now() - start) });
  revert();
  if (!apply(TREE, mutant)) return verdict("gone");
  for (const suite of inOrder(mutant.file, suites, state.suites)) {
    const built = await build(suite);
    if (built.late) return verdict("invalid", "the compiler does not end");
    if (!built.passed) return verdict("invalid", built.output.match(/^error.*$/m)?.[0]);
    const { passed, failed, late, output } = await test(suite, timeoutOf(suite));
    if (passed) continue;
    const reason = output.match(NOT_SQL)?.[0];
    if (reason) return verdict("invalid", reason.slice(2));
    return verdict("caught", suite, late ? "timeout" : (failed ?? "crash"));
  }
  return verdict("survived");
}

const clock = (seconds) => `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} h`;

async function run() {
  const metadata = execFileSync("cargo", ["metadata", "--no-deps", "--format-version=1", "--locked"], { cwd: TREE, encoding: "utf8" });
  const suites = suitesOf(JSON.parse(metadata));
  await measureSuites(suites);
  const tried = [...mutants];
  const times = [];
  for (const [place, first] of mutants.entries()) {
    for (let mutant = first; mutant; ) {
      const hash = hashOf(mutant);
      const before = state.verdicts[hash];
      if (!before) {
        process.stdout.write(`${place + 1} of ${mutants.length}  ${mutant.id} ${nameOf(mutant.id)} ${mutant.kind} ${mutant.file} … `);
        const entry = { hash, id: mutant.id, ...(await judge(mutant, suites)) };
        remember((state.verdicts[hash] = entry));
        times.push(entry.seconds);
        const left = (times.reduce((sum, time) => sum + time, 0) / times.length) * (mutants.length - place - 1);
        const details = [entry.by, entry.test].filter(Boolean).join(": ");
        console.log(`${entry.verdict}${details ? ` (${details})` : ""}, ${entry.seconds} s; ${clock(left)} left`);
      }
      const { verdict } = state.verdicts[hash];
      mutants[place] = mutant;
      if (verdict !== "invalid" && verdict !== "gone") break;
      // The next of its kind, which stands in its place from now on.
      mutant = replacement(cleanTree(), options.seed, mutant, tried);
      if (mutant) tried.push(mutant);
    }
    if (!options.only) writeFileSync(listFile, print(mutants));
  }
  revert();
}

/** The worktree without a mutant: candidates are of the source as it is. */
function cleanTree() {
  revert();
  return TREE;
}

const committed = { list: existsSync(LIST) ? parse(readFileSync(LIST, "utf8")) : [], caught: readBaseline(BASELINE) };
await run();
const results = mutants.map((mutant) => ({ ...mutant, ...state.verdicts[hashOf(mutant)] }));
console.log(`\n${summary(results)}`);
if (options.write) {
  writeFileSync(LIST, print(mutants));
  writeFileSync(BASELINE, report(results, { commit, seed: options.seed, suites: state.suites }));
}
const lost = committed.list.filter((mutant) => committed.caught.has(mutant.id) && state.verdicts[hashOf(mutant)]?.verdict === "survived");
for (const { id, kind, file } of lost) console.log(`Was caught, and survives now: ${id} ${kind} ${file}`);
process.exit(lost.length ? 1 : 0);
