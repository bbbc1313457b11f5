// Reports differences by kind, coverage, and costs.
import { readFileSync, writeFileSync } from "node:fs";
import { printed } from "./diff.mjs";
import { ROUTES } from "./routes.mjs";

const SHOWN = 40;

export class Report {
  #kinds = new Map();
  #covered = new Map();
  #costs = new Map();
  /** Codes of our own face's errors and violations, from the old build. */
  #codes = {};
  compared = 0;
  /** Requests that name a value which one of the builds never returned. */
  skipped = 0;
  byPhase = {};

  constructor(seed, allowed) {
    this.seed = seed;
    this.expected = readExpected(allowed);
  }

  /** Records an exchange: the request, both responses, and their differences. */
  note({ request, phase, index }, old, now, differences) {
    this.compared += 1;
    this.byPhase[phase] = (this.byPhase[phase] ?? 0) + 1;
    for (const code of [old.json?.code, ...(old.json?.violations ?? []).map((one) => one.code)]) {
      if (code && old.json.type) this.#codes[code] = (this.#codes[code] ?? 0) + 1;
    }
    const name = request.route?.name;
    // A method that the path lacks finds no route, so only the error counts.
    const routed = request.method === request.route?.method || request.method === "HEAD" || old.status >= 400;
    if (name && routed) {
      const statuses = this.#covered.get(name) ?? new Map();
      this.#covered.set(name, statuses.set(old.status, (statuses.get(old.status) ?? 0) + 1));
      if (old.cost && now.cost && old.status < 300) {
        const costs = this.#costs.get(name) ?? [];
        this.#costs.set(name, costs);
        costs.push([old.cost.answered, now.cost.answered]);
      }
    }
    for (const { what, old: one, now: other } of differences) {
      const place = `${name ?? `${request.method} ${phase}`} | ${what}`;
      const line = `${place} | ${unnumbered(one, other).join(" -> ")}`;
      const kind = this.#kinds.get(line) ?? { place, line, count: 0, example: { phase, index, request } };
      kind.count += 1;
      this.#kinds.set(line, kind);
    }
  }

  /** Prints the report. Returns whether only expected differences occurred, and every route was covered. */
  print(file) {
    for (const kind of this.#kinds.values()) {
      kind.expected = this.expected.find(({ pattern }) => pattern.test(kind.line));
      if (kind.expected) kind.expected.seen = (kind.expected.seen ?? 0) + kind.count;
    }
    const kinds = [...this.#kinds.values()].sort((one, other) => other.count - one.count);
    const unexpected = kinds.filter(({ expected }) => !expected);
    const uncovered = this.#printCoverage();
    this.#printCosts();
    const phases = Object.entries(this.byPhase).map(([phase, count]) => `${count} ${phase}`).join(", ");
    const listed = [...readFileSync("docs/ERRORS.md", "utf8").matchAll(/^\| (?:\d+ \| )?`(\w+)` \|/gm)].map(([, code]) => code);
    console.log(`\nCodes of docs/ERRORS.md that no answer had: ${[...new Set(listed)].filter((code) => !this.#codes[code]).join(", ") || "none"}.`);
    console.log(`\n${this.compared} requests compared (${phases}) over ${this.#covered.size} routes, seed ${this.seed}.`);
    if (this.skipped) console.log(`${this.skipped} were not sent: they name something that a build never showed.`);
    for (const { text, reason, seen } of this.expected) {
      console.log(seen ? `Expected, ${seen} times: ${text}  (${reason})` : `Expected, and not seen: ${text}`);
    }
    const groups = grouped(unexpected);
    if (unexpected.length) console.log(`\n${unexpected.length} kinds of differences that are not expected:`);
    for (const { line, count, more, example } of groups.slice(0, SHOWN)) {
      console.log(`\n${count} × ${line}${more ? `   (and ${more} other values)` : ""}\n${this.#example(example)}`);
    }
    if (groups.length > SHOWN) console.log(`\n… and more, of ${groups.length - SHOWN} routes and parts of the answer: ${file}`);
    for (const problem of uncovered) console.log(`Not covered: ${problem}`);
    const told = ({ line, count, example, expected }) => ({ line, count, expected: expected?.text, example: this.#example(example) });
    writeFileSync(file, `${JSON.stringify({ seed: this.seed, compared: this.compared, codes: this.#codes, kinds: kinds.map(told) }, null, 2)}\n`);
    const total = unexpected.reduce((sum, { count }) => sum + count, 0);
    console.log(`\n${total ? `${total} differences` : "No differences"}${this.expected.length ? " but the expected ones" : ""}. All of it: ${file}`);
    return !unexpected.length && !uncovered.length;
  }

  #example({ phase, index, request: { method, path, headers = {}, body } }) {
    const sent = body?.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join("");
    const said = Object.entries(headers).map(([name, value]) => `     ${name}: ${printed(value, 120)}`);
    const replay = phase === "random" ? `scripts/compare --seed ${this.seed} --requests ${index}` : `scripts/compare --seed ${this.seed}`;
    const lines = [`   ${phase} ${index}: ${method} ${printed(path, 160)}`, ...said];
    if (sent) lines.push(`     ${printed(sent, 300)}`);
    return [...lines, `   again: ${replay}`].join("\n");
  }

  /** Checks that every route answered with a 2xx and a 4xx. */
  #printCoverage() {
    console.log("\nRoutes and statuses:");
    const missing = [];
    for (const { name } of ROUTES) {
      const statuses = [...(this.#covered.get(name) ?? [])].sort(([one], [other]) => one - other);
      console.log(`  ${name.padEnd(66)} ${statuses.map(([status, count]) => `${status}×${count}`).join(" ")}`);
      for (const hundred of [2, 4]) {
        if (!statuses.some(([status]) => Math.floor(status / 100) === hundred)) missing.push(`${name} never answered ${hundred}xx`);
      }
    }
    return missing;
  }

  /** The costs of successful requests: median and maximum of each route. */
  #printCosts() {
    const rows = [];
    for (const { name } of ROUTES) {
      const costs = this.#costs.get(name);
      if (!costs) continue;
      const told = (member, side) => {
        const sorted = costs.map((cost) => cost[side][member]).sort((one, other) => one - other);
        return `${sorted[Math.floor(sorted.length / 2)]} (${sorted.at(-1)})`;
      };
      const cells = ["rows_read", "sql"].map((member) => [told(member, 0), told(member, 1)]);
      if (cells.some(([one, other]) => one !== other)) rows.push([name, ...cells.map(([one, other]) => `${one} -> ${other}`)]);
    }
    if (!rows.length) return console.log("\nRows read, and bytes of SQL: the same on every route.");
    console.log("\nOf the 2xx, the middle and in brackets the most: rows read; bytes of SQL. (No difference in itself.)");
    for (const [name, ...cells] of rows) console.log(`  ${name.padEnd(66)} ${cells.map((cell) => cell.padEnd(30)).join(" ")}`);
  }
}

/** Both values without the digits of ids, since a kind has many. */
function unnumbered(one, other) {
  const plain = (text) => text.replaceAll(/‹(\w+) \d+›/g, "‹$1›");
  return one !== other && plain(one) === plain(other) ? [plain(one), plain(other).replaceAll("‹", "‹another ")] : [plain(one), plain(other)];
}

/** One entry per route and part of the response: the most frequent values, and the number of others. */
function grouped(kinds) {
  const groups = new Map();
  for (const kind of kinds) {
    const group = groups.get(kind.place);
    if (!group) groups.set(kind.place, { ...kind, more: 0 });
    else {
      group.count += kind.count;
      group.more += 1;
    }
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
}

/** Parses the file of expected differences: a pattern per line, `*` for anything, and after ` # ` the reason. */
function readExpected(file) {
  const lines = readFileSync(file, "utf8").split("\n").filter((line) => line.trim() && !line.startsWith("#"));
  return lines.map((line) => {
    const [text, reason] = line.split(/\s+# /);
    if (!reason?.trim()) throw new Error(`${file}: '${line}' has no reason: write it behind ' # '`);
    const escaped = text.trim().split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return { text: text.trim(), reason: reason.trim(), pattern: new RegExp(`^${escaped.join(".*")}$`, "s") };
  });
}
