// node bench/scale.mjs [options]: see HELP. A model of what a number of credentials and a rate of verifications need and
// cost. It only reads files of this repository. docs/SCALE.md has its tables and explains it.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const DOCUMENT = "docs/SCALE.md";
const SECONDS_A_MONTH = 30 * 86_400;

// The only place of prices and of the limits of the platform that the model uses. Workers Paid, in US dollars, as published in 2026:
// developers.cloudflare.com/d1/platform/pricing, /d1/platform/limits, /d1/reference/faq and /workers/platform/pricing.
const PRICES = {
  subscription: 5,
  // [the amount that is included each month, dollars for each further unit]
  requests: [10e6, 0.3 / 1e6],
  cpu: [30e6, 0.02 / 1e6], // milliseconds
  rows_read: [25e9, 0.001 / 1e6],
  rows_written: [50e6, 1 / 1e6],
  storage: [5, 0.75], // GB
};
const DATABASE_BYTES = 10e9;
const ACCOUNT_BYTES = 1e12; // Cloudflare raises it on request
const SHARDS = 1024; // POSTERN_SHARD has ten bits

// The numbers of a scenario. For each: its default, the least and the greatest value, and its meaning.
const OPTIONS = {
  credentials: [1e6, 1, 1e12, "credentials in total"],
  changes: [10, 0, 1e6, "changes of each credential so far: the audit log keeps an event of each"],
  verifications: [1000, 0, 1e9, "verifications a second"],
  "per-secret": [1, 1e-9, 1e6, "verifications a second of one secret that is in use. The more, the fewer secrets are in use"],
  isolates: [10, 1, 1e6, "isolates that the verifications of one secret are spread over"],
  bound: [0, 0, 300, "the bound on staleness in seconds; 0: every verification asks the database"],
  "hit-rate": [undefined, 0, 1, "the share of verifications answered from memory; without it, it follows from the bound"],
  regions: [1, 1, 6, "copies of a database that share its reads evenly, the primary included"],
  "note-seconds": [60, 1, 1e9, "the least time between two notes of the last use of a secret, in seconds"],
  // A database executes one query at a time. Cloudflare: an indexed read takes less than a millisecond, a write several.
  "read-ms": [1, 0.001, 1000, "the time that a verification occupies a database, in milliseconds"],
  "write-ms": [5, 0.001, 1000, "the time that a note occupies the primary, in milliseconds"],
};
export const DEFAULTS = Object.fromEntries(Object.entries(OPTIONS).map(([name, [value]]) => [name, value]));

const HELP = `node bench/scale.mjs: what credentials and verifications need and cost (docs/SCALE.md)

Without options it prints the tables of docs/SCALE.md.
  --check   fails if docs/SCALE.md has other tables
  --write   writes the tables into docs/SCALE.md
  --help    prints this text

With any of these it prints one scenario. Numbers such as 5e6 are accepted.
${Object.entries(OPTIONS)
  .map(([name, [value, , , meaning]]) => `  --${name}=N`.padEnd(21) + `${meaning}${value === undefined ? "" : ` (${value})`}`)
  .join("\n")}`;

// ---------------------------------------------------------------------------------------------------------------------
// The model

/** Returns what was measured or is asserted in this repository. Throws if a file no longer has it. */
export function figures() {
  const found = (file, pattern) => {
    const match = readFileSync(file, "utf8").match(pattern);
    if (!match) throw new Error(`${file} has nothing that matches ${pattern}`);
    return match.slice(1).map((text) => Number(text.replaceAll("_", "")));
  };
  const rows = (route) => found("tests/worker/costs.txt", RegExp(`^${route} +(\\d+) +(\\d+)$`, "m"));
  const json = (file) => JSON.parse(readFileSync(file, "utf8"));
  const { throughput, machine, versions } = json("bench/results/latest.json");
  const storage = json("bench/results/storage.json");
  return {
    credential_bytes: storage.bytes_of_a_credential,
    change_bytes: storage.bytes_of_a_change,
    measured_credentials: storage.credentials,
    note_rows: storage.rows_written_by_a_note,
    verify_rows: rows("POST /v1/verify"),
    create_rows: rows("POST /v1/tenants/\\{tenant\\}/credentials"),
    verify_sql_bytes: found("tests/store/statements.rs", /contains\("\/verify"\).* => ([\d_]+)/)[0],
    cpu_us: throughput.get.ours.cpu_us,
    local_gets: throughput.get.ours.rps,
    cores: machine.cores,
    commit: versions.commit,
  };
}

/**
 * Returns the share of verifications answered from memory, where those of one secret in one isolate are a Poisson process of
 * `rate` a second. A miss fills the entry, which answers the expected `rate * bound` verifications of the next `bound`
 * seconds; then the next one is a miss.
 */
export function hitRate(rate, bound) {
  return (rate * bound) / (1 + rate * bound);
}

/** Returns the notes of last use a second, by the same argument: one note, then none for `seconds`. */
export function notesOf(secrets, verifications, seconds) {
  return secrets === 0 ? 0 : verifications / (1 + (verifications / secrets) * seconds);
}

/** Returns the dollars of a month. */
export function bill(used) {
  const parts = Object.entries(used).map(([name, amount]) => {
    const [included, price] = PRICES[name];
    return [name, Math.max(0, amount - included) * price];
  });
  const dollars = { subscription: PRICES.subscription, ...Object.fromEntries(parts) };
  return { ...dollars, total: Object.values(dollars).reduce((sum, part) => sum + part) };
}

/** Returns what a scenario, which has the members of DEFAULTS, needs and costs. */
export function plan(scenario, measured) {
  const { credentials, verifications, regions } = scenario;
  const secrets = Math.min(credentials, verifications / scenario["per-secret"]);
  const rate = secrets === 0 ? 0 : verifications / secrets / scenario.isolates;
  const hits = scenario["hit-rate"] ?? hitRate(rate, scenario.bound);
  const reads = verifications * (1 - hits);
  const notes = notesOf(secrets, verifications, scenario["note-seconds"]);
  const bytes = credentials * (measured.credential_bytes + scenario.changes * measured.change_bytes);
  // The share of its time that one primary database would be busy. Above 1 it falls behind.
  const busy = { reads: ((reads / regions) * scenario["read-ms"]) / 1000, notes: (notes * scenario["write-ms"]) / 1000 };
  const load = busy.reads + busy.notes;
  const size = bytes / DATABASE_BYTES;
  const databases = Math.max(1, Math.ceil(load), Math.ceil(size));
  const month = (perSecond) => perSecond * SECONDS_A_MONTH;
  const dollars = bill({
    requests: month(verifications),
    // Measured with the database in the same process. Cloudflare would count less.
    cpu: (month(verifications) * measured.cpu_us) / 1000,
    rows_read: month(reads) * measured.verify_rows[0],
    rows_written: month(notes) * measured.note_rows,
    storage: bytes / 1e9,
  });
  // A tenant is in one database: the greatest share of load and storage that one tenant can have.
  const tenant = 1 / Math.max(1, load, size);
  return { secrets, rate, hits, reads, notes, bytes, busy, load, size, databases, tenant, dollars, exceeded: exceededBy(busy, size, bytes, databases) };
}

/** Returns the limits that are exceeded: of a single database, the one that it meets first as everything grows in proportion. */
function exceededBy(busy, size, bytes, databases) {
  const load = busy.reads + busy.notes;
  const exceeded = [];
  if (Math.max(load, size) > 1) {
    if (size > load) exceeded.push("10 GB a database");
    else exceeded.push(busy.notes > busy.reads ? "last-use notes" : "reads of one primary");
  }
  if (bytes > ACCOUNT_BYTES) exceeded.push("1 TB an account");
  if (databases > SHARDS) exceeded.push(`${SHARDS} shard numbers`);
  return exceeded.join(", ") || "none";
}

// ---------------------------------------------------------------------------------------------------------------------
// Texts

const whole = (number) => Math.round(number).toLocaleString("en");
/** A number with three digits that matter. */
const short = (number) => (number >= 100 ? whole(Number(number.toPrecision(3))) : String(Number(number.toPrecision(3))));
const percent = (share) => `${share > 0.9995 && share < 1 ? (share * 100).toFixed(2) : short(share * 100)} %`;
const dollar = (amount) => `$${amount >= 10 ? short(amount) : amount > 0 && amount < 0.01 ? amount : amount.toFixed(2)}`;
function bytesOf(number) {
  const [unit, name] = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([least]) => number >= least) ?? [1, "B"];
  return `${short(number / unit)} ${name}`;
}

/** Renders a table. The columns in `left` are left-aligned, the others right-aligned. */
function table(head, rows, left = [0]) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = `|${head.map((_, at) => (left.includes(at) ? "---" : "---:")).join("|")}|`;
  return `${[line(head), rule, ...rows.map(line)].join("\n")}\n`;
}

const powers = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));

// The path: each step adds to the one before.
const PATH = [
  ["primary", {}],
  ["memory", { bound: 10 }],
  ["replicas", { bound: 10, regions: 6 }],
  ["notes each hour", { bound: 10, regions: 6, "note-seconds": 3600 }],
];
const EXAMPLE = { credentials: 5e6, verifications: 20_000, bound: 10, regions: 6 };

/** Returns the generated parts of docs/SCALE.md by name. */
export function parts(measured) {
  const scenario = (given) => plan({ ...DEFAULTS, ...given }, measured);
  const amount = (number) => ([[1e9, "billion"], [1e6, "million"]].find(([unit]) => number >= unit) ?? [1, ""]).reduce((unit, name) => `${number / unit} ${name}`.trim());
  const per = ([included, price], by, unit) => `${dollar(price * by)} ${unit}, after ${amount(included)}`;
  const [local, asserted, published] = ["measured here", "asserted", "published"];
  const costs = table(
    ["what", "amount", "kind", "source"],
    [
      ["a credential with a secret, its index entries and its first events", `${whole(measured.credential_bytes)} bytes`, local, `local D1, ${whole(measured.measured_credentials)} credentials: \`bench/storage.mjs\``],
      ["a change of a credential, kept in the audit log", `${whole(measured.change_bytes)} bytes`, local, "the same, for a new name"],
      ["a verification that asks the database", `1 trip, ${measured.verify_rows[0]} rows read`, asserted, "`tests/worker/costs.txt`"],
      ["its SQL", `at most ${whole(measured.verify_sql_bytes)} bytes`, asserted, "`sql_text_of_a_request_is_bounded`"],
      ["a note of last use", `1 trip, ${measured.note_rows} rows written`, local, "`bench/storage.mjs`"],
      ["a creation", `1 trip, ${measured.create_rows[0]} rows read, ${measured.create_rows[1]} written`, asserted, "`tests/worker/costs.txt`"],
      ["CPU of a request", `${whole(measured.cpu_us)} µs`, local, `a GET, local D1 included: \`latest.json\`, commit ${measured.commit}`],
      ["GETs a second, local Worker, D1 and load generator together", whole(measured.local_gets), local, `${measured.cores} cores: \`latest.json\``],
      ["a verification in D1", `${DEFAULTS["read-ms"]} ms`, "estimate", "published: one query at a time; an indexed read takes \"less than a millisecond\""],
      ["a note in D1", `${DEFAULTS["write-ms"]} ms`, "estimate", "published: a write takes \"several milliseconds\""],
      ["credentials of one database, with 10 changes each", whole(Math.floor(1 / scenario({ credentials: 1 }).size)), "computed", "10 GB is the limit of a database, so of a tenant"],
      ["size of a database, of an account", `${bytesOf(DATABASE_BYTES)}, ${bytesOf(ACCOUNT_BYTES)}`, published, "the second can be raised on request"],
      ["requests", per(PRICES.requests, 1e6, "a million"), published, "Workers Paid, by month"],
      ["CPU time", per(PRICES.cpu, 1e6, "a million ms"), published, "the same"],
      ["rows read", per(PRICES.rows_read, 1e6, "a million"), published, "D1, by month"],
      ["rows written", per(PRICES.rows_written, 1e6, "a million"), published, "the same"],
      ["storage", per(PRICES.storage, 1, "a GB"), published, "the same; replicas cost nothing more"],
    ],
    [0, 2, 3],
  );
  const credentials = table(
    ["credentials", "storage", "databases", "$ a month", "exceeded"],
    powers(3, 9).map((count) => {
      const { bytes, databases, dollars, exceeded } = scenario({ credentials: count, verifications: 0 });
      return [whole(count), bytesOf(bytes), whole(databases), dollar(dollars.storage), exceeded];
    }),
    [4],
  );
  const verifications = table(
    ["a second", "notes a second", ...PATH.map(([name]) => name), "largest tenant", "$ a month, primary", "last step", "exceeded"],
    powers(0, 6).map((count) => {
      const steps = PATH.map(([, given]) => scenario({ verifications: count, ...given }));
      const [today, last] = [steps[0], steps.at(-1)];
      const money = [today, last].map(({ dollars }) => dollar(dollars.total));
      return [whole(count), short(today.notes), ...steps.map(({ databases }) => whole(databases)), `${percent(today.tenant)} → ${percent(last.tenant)}`, ...money, today.exceeded];
    }),
    [9],
  );
  const bounds = [2, 10, 60, 300];
  const hits = table(
    ["verifications of a secret in an isolate", ...bounds.map((bound) => `bound ${bound} s`)],
    [[1 / 600, "one in 10 minutes"], [1 / 60, "one a minute"], [0.1, "one in 10 s"], [1, "one a second"], [10, "10 a second"]].map(
      ([rate, name]) => [name, ...bounds.map((bound) => percent(hitRate(rate, bound)))],
    ),
  );
  const notes = table(
    ["each secret is verified", "verifications a second", "notes a second", "of the load", "$ a month", "of the bill"],
    [[1 / 86_400, "once a day"], [1 / 3600, "once an hour"], [1 / 60, "once a minute"], [1, "once a second"]].map(([rate, name]) => {
      const verifications = 1e6 * rate;
      const { notes, busy, load, dollars } = scenario({ verifications, "per-secret": rate });
      return [name, short(verifications), short(notes), percent(busy.notes / load), dollar(dollars.rows_written), percent(dollars.rows_written / dollars.total)];
    }),
  );
  const given = Object.entries(EXAMPLE).map(([name, value]) => ` --${name}=${value}`).join("");
  const example = `\`\`\`sh\nnode bench/scale.mjs${given}\n\`\`\`\n\n\`\`\`\n${described({ ...DEFAULTS, ...EXAMPLE }, measured)}\`\`\`\n`;
  return { costs, hits, credentials, verifications, notes, example };
}

/** Returns a scenario as lines of text. */
export function described(scenario, measured) {
  const { secrets, rate, hits, reads, notes, bytes, busy, load, databases, tenant, dollars, exceeded } = plan(scenario, measured);
  const origin = scenario["hit-rate"] === undefined ? `each is verified ${short(rate)} times a second in an isolate, bound ${scenario.bound} s` : "given";
  const lines = [
    ["secrets in use", whole(secrets)],
    ["hit rate", `${percent(hits)} (${origin})`],
    ["reads a second", short(reads)],
    ["notes of last use a second", short(notes)],
    ["load of one primary", `${percent(load)} (reads ${percent(busy.reads)}, notes ${percent(busy.notes)})`],
    ["storage", bytesOf(bytes)],
    ["databases", whole(databases)],
    ["largest tenant", `${percent(tenant)} of the load and the storage`],
    ["exceeded", exceeded],
    ["dollars a month", dollar(dollars.total)],
    ...Object.entries(dollars).filter(([name]) => name !== "total").map(([name, amount]) => [`  ${name.replace("_", " ")}`, dollar(amount)]),
  ];
  return lines.map(([name, value]) => `${name.padEnd(28)}${value}\n`).join("");
}

/** Returns the document with the generated parts between `<!-- generated: NAME -->` and `<!-- end -->`. */
export function generated(document, texts) {
  return Object.entries(texts).reduce((text, [name, part]) => {
    const start = `<!-- generated: ${name} -->\n`;
    const from = text.indexOf(start) + start.length;
    const to = text.indexOf("<!-- end -->", from);
    if (from < start.length || to < 0) throw new Error(`${DOCUMENT} has no part '${name}'`);
    return text.slice(0, from) + part + text.slice(to);
  }, document);
}

/** Reads the options of a scenario. Throws an error with all invalid ones. */
export function scenarioOf(given) {
  const wrong = [];
  const values = Object.entries(given).map(([name, text]) => {
    const [, least, most] = OPTIONS[name];
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= least && value <= most)) wrong.push(`--${name} takes a number from ${least} to ${most}`);
    return [name, value];
  });
  if (wrong.length) throw new Error(wrong.join("; "));
  return { ...DEFAULTS, ...Object.fromEntries(values) };
}

// ---------------------------------------------------------------------------------------------------------------------

function main() {
  const numbers = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: "string" }]));
  const flags = Object.fromEntries(["check", "write", "help"].map((name) => [name, { type: "boolean" }]));
  const { check, write, help, ...given } = parseArgs({ options: { ...numbers, ...flags } }).values;
  if (help) return console.log(HELP);
  const measured = figures();
  if (Object.keys(given).length) return process.stdout.write(described(scenarioOf(given), measured));
  const texts = parts(measured);
  if (!check && !write) return console.log(Object.values(texts).join("\n"));
  const document = readFileSync(DOCUMENT, "utf8");
  const text = generated(document, texts);
  if (write) return writeFileSync(DOCUMENT, text);
  if (text !== document) throw new Error(`${DOCUMENT} differs from the model: run \`node bench/scale.mjs --write\`, and review the difference`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main();
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}
