// Computes medians and ratios from the figures of the rounds, and writes them as JSON, tables and plots.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { BUILDS, BUILD_OPS, VARIANTS } from "./builds.mjs";
import { DISTANCES, GROWING } from "./measure.mjs";
import { growthPlot, ratiosPlot, verifyPlot } from "./plot.mjs";
import { OPS, SIDES } from "./sides.mjs";
import { ANSWERS } from "./verify.mjs";

const OTHERS = SIDES.filter((side) => side !== "ours");
const TITLES = { ours: "Postern", peer: "peer", peer_batched: "peer, batched", floor: "floor" };

const middle = (numbers) => {
  const sorted = [...numbers].sort((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const round = (number, digits = 2) => (number === null ? null : Number(number.toFixed(digits)));
const per = (names, make) => Object.fromEntries(names.map((name) => [name, make(name)]));
const map = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
const ranged = (numbers) => ({
  median: round(middle(numbers)),
  least: round(Math.min(...numbers)),
  most: round(Math.max(...numbers)),
});

// ---------------------------------------------------------------------------------------------------------------------
// Figures

/** Returns the medians of the rounds of `throughput`, by operation and side. */
function loadsOf(throughput) {
  const of = (rounds, member) => (rounds[0][member] === null ? null : middle(rounds.map((one) => one[member])));
  return map(throughput, (sides) =>
    map(sides, (rounds) => ({
      rps: round(of(rounds, "rps"), 0),
      p50: round(of(rounds, "p50")),
      p99: round(of(rounds, "p99")),
      cpu_us: round(of(rounds, "cpu"), 0),
    })),
  );
}

/** Returns the medians of the rounds of `distance`, by delay, operation and side. */
const latenciesOf = ({ measured }) => map(measured, (ops) => map(ops, (sides) => map(sides, (rounds) => round(middle(rounds)))));

/** Computes the figures of the part "verify". */
function verifyOf({ throughput, distance }, { date, machine: { cpu }, versions: { commit }, plan: { rounds, seconds } }) {
  const { memory, database, refused } = throughput.verify;
  const ratio = ({ verify }) => round(middle(verify.memory.map((milliseconds, at) => verify.database[at] / milliseconds)));
  return {
    date,
    cpu,
    commit,
    rounds,
    seconds,
    trips: map(distance.counts.verify, ({ trips }) => trips),
    rps_ratio: ranged(memory.map(({ rps }, at) => rps / database[at].rps)),
    latency_ratios: map(distance.measured, ratio),
    // What a verification from memory costs more than a refusal.
    cpu_us_more: memory[0].cpu === null ? null : ranged(memory.map(({ cpu }, at) => cpu - refused[at].cpu)),
    loads: loadsOf(throughput).verify,
    latencies: map(latenciesOf(distance), ({ verify }) => verify),
  };
}

/** Computes the report. A ratio is the median of the ratios of the rounds. */
export function gather({ throughput, distance, growth, footprint, builds, verify }, about) {
  const { started, ...rest } = about;
  const minutes = round((Date.now() - started) / 60_000, 1);
  const report = { date: new Date(started).toISOString(), minutes, ...rest };
  if (throughput) {
    const over = (op, other) => ranged(throughput[op].ours.map(({ rps }, at) => rps / throughput[op][other][at].rps));
    report.ratio_ranges = per(OPS, (op) => per(OTHERS, (other) => over(op, other)));
    report.ratios = map(report.ratio_ranges, (others) => map(others, ({ median }) => median));
    report.throughput = loadsOf(throughput);
  }
  if (distance) {
    const ratio = (delay, op, other) => {
      const { ours, [other]: theirs } = distance.measured[delay][op];
      return round(middle(ours.map((milliseconds, at) => theirs[at] / milliseconds)));
    };
    for (const delay of DISTANCES) {
      report[`ratios_${delay}ms`] = per(OPS, (op) => per(["peer", "peer_batched"], (other) => ratio(delay, op, other)));
    }
    report.distance = latenciesOf(distance);
    report.counts = distance.counts;
    report.trips = map(distance.counts, (sides) => map(sides, ({ trips }) => trips));
  }
  if (growth) {
    report.growth = map(growth, (sizes) =>
      map(sizes, ({ rows_read, times }) => ({ rows_read, p50: round(middle(times)) })),
    );
    report.rows_read = map(report.growth, (sizes) => map(sizes, ({ rows_read }) => rows_read));
  }
  if (footprint) {
    report.footprint = map(footprint, ({ starts, rss, files }) => ({ start_ms: round(middle(starts), 0), rss, files }));
  }
  if (builds) {
    // Ratios are computed within a round, where both sides have the same load from the rest of the machine.
    const over = (rounds, member) => rounds.ours.map((one, at) => one[member] / rounds.before[at][member]);
    report.builds = map(builds, (ops) =>
      map(ops, (rounds) => {
        const middles = (member) => per(BUILDS, (name) => (rounds[name][0][member] === null ? null : round(middle(rounds[name].map((one) => one[member])), 0)));
        const cpu_us = middles("cpu");
        return {
          rps_ratio: ranged(over(rounds, "rps")),
          cpu_ratio: cpu_us.ours === null ? null : ranged(over(rounds, "cpu")),
          rps: middles("rps"),
          cpu_us,
        };
      }),
    );
  }
  if (verify) report.verify = verifyOf(verify, report);
  report.grows = Object.entries(report.rows_read ?? {}).flatMap(([op, sizes]) => {
    const rows = Object.entries(sizes);
    const [[small, few], [large, many]] = [rows[0], rows.at(-1)];
    return few === many ? [] : [`${op} reads ${few} of ${small}, ${many} of ${large}`];
  });
  return report;
}

export function machine() {
  const [{ model }] = cpus();
  const memory_gib = round(totalmem() / 2 ** 30, 1);
  return { cpu: model.trim(), cores: cpus().length, memory_gib, kernel: `${type()} ${release()}` };
}

export function versions() {
  const npm = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
  const run = (command, ...rest) => execFileSync(command, rest, { encoding: "utf8" }).trim();
  const crate = (name) => readFileSync("Cargo.lock", "utf8").match(new RegExp(`name = "${name}"\nversion = "(.*)"`))[1];
  const measured = ["src", "migrations", "bench/*.mjs", "bench/peer", "Cargo.toml", "Cargo.lock"];
  const changed = run("git", "status", "--porcelain", "--", ...measured) ? ", changed since" : "";
  return {
    commit: `${run("git", "rev-parse", "--short", "HEAD")}${changed}`,
    node: process.version,
    ...per(["workerd", "wrangler", "miniflare", "autocannon", "hono", "zod", "drizzle-orm"], npm),
    worker: crate("worker"),
    rustc: run("rustc", "--version").split(" ")[1],
  };
}

// ---------------------------------------------------------------------------------------------------------------------
// Texts

/** Writes the results into that folder. Returns the tables as text. */
export function write(report, folder) {
  writeFileSync(`${folder}/latest.json`, `${JSON.stringify(report, null, 2)}\n`);
  if (report.throughput && report.distance) writeFileSync(`${folder}/ratios.svg`, ratiosPlot(report, TITLES));
  if (report.growth) writeFileSync(`${folder}/growth.svg`, growthPlot(report));
  if (report.verify) writeFileSync(`${folder}/verify.svg`, verifyPlot(report));
  const text = tables(report);
  writeFileSync(`${folder}/latest.md`, text);
  return text;
}

function digits(number) {
  if (number === null) return "–";
  return number >= 100 ? Math.round(number).toLocaleString("en") : String(number);
}

const cell = (ranges) => (ranges === null ? "–" : `${ranges.median} (${ranges.least}–${ranges.most})`);

/** Renders a table with padded columns, so that its source is legible. The first column is left-aligned, the others right-aligned. */
function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => (at ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join("\n");
}

function tables(report) {
  const { plan } = report;
  const parts = ["# Benchmark results", "Written by `make bench`. [The method](../README.md)."];
  if (report.quick) parts.push("**A quick run, to check that the benchmark works: the figures mean nothing.**");
  if (report.ratios) {
    parts.push(
      "## Ratios",
      `Postern's requests per second divided by the other side's, 16 connections: median, minimum and maximum of ${plan.rounds} ` +
        `rounds of ${plan.seconds} s.`,
      table(
        ["", ...OTHERS.map((side) => TITLES[side])],
        OPS.map((op) => [op, ...OTHERS.map((side) => cell(report.ratio_ranges[op][side]))]),
      ),
    );
  }
  if (report.distance) {
    const at = report.ratios_10ms;
    parts.push(
      "The other side's median latency divided by Postern's, one connection, 10 ms added to each D1 trip:",
      table(["", TITLES.peer, TITLES.peer_batched], OPS.map((op) => [op, at[op].peer, at[op].peer_batched])),
    );
  }
  if (report.ratios && report.distance) parts.push("![Requests a second, and latency over distance](ratios.svg)");
  if (report.throughput) {
    parts.push(
      "## Throughput",
      "16 connections, no delay. CPU is that of the whole workerd process, including D1.",
      bySide(["requests/s", "p50 ms", "p99 ms", "CPU µs a request"], (op, side) => {
        const { rps, p50, p99, cpu_us } = report.throughput[op][side];
        return [rps, p50, p99, cpu_us].map(digits);
      }),
    );
  }
  if (report.distance) {
    parts.push(
      "## Trips and rows per request",
      bySide(["trips", "rows read", "rows written"], (op, side) => {
        const { trips, rows_read, rows_written } = report.counts[op][side];
        return [trips, rows_read, rows_written];
      }),
      "## Distance",
      `The median latency in ms of one connection, with a delay added to each D1 trip; the median of ${plan.distanceRounds} rounds.`,
      bySide(DISTANCES.map((delay) => `+${delay} ms`), (op, side) => DISTANCES.map((delay) => report.distance[delay][op][side])),
    );
  }
  if (report.growth) {
    const named = (size) => size.toLocaleString("en");
    const row = (op) => plan.sizes.flatMap((size) => [report.growth[op][size].rows_read, report.growth[op][size].p50]);
    parts.push(
      "## Growth",
      "Postern, by the number of credentials in the tenant: rows read per request, and the median latency in ms of one connection.",
      table(
        ["", ...plan.sizes.flatMap((size) => [`rows, ${named(size)}`, `ms, ${named(size)}`])],
        GROWING.map((op) => [op, ...row(op)]),
      ),
      report.grows.length ? `**Requests read more rows in larger tenants: ${report.grows.join("; ")}.**` : "",
      "![Rows read and latency over size](growth.svg)",
    );
  }
  if (report.footprint) {
    const kilo = (bytes) => (bytes / 1000).toFixed(1);
    const row = (side) => {
      const { start_ms, rss, files } = report.footprint[side];
      const sum = (member) => kilo(files.reduce((total, file) => total + file[member], 0));
      return [TITLES[side], start_ms, (rss / 2 ** 20).toFixed(0), sum("bytes"), sum("gzipped")];
    };
    const wasm = report.footprint.ours.files.find(({ name }) => name.endsWith(".wasm"));
    parts.push(
      "## Start, memory, size",
      `The time from the start of the process to the first response, including Node and Miniflare (the median of ${plan.starts}); ` +
        `workerd's memory after another ${plan.filled.toLocaleString("en")} requests, half of them put; the size of the bundle.`,
      table(["", "start ms", "memory MiB", "bundle kB", "gzipped kB"], SIDES.map(row)),
      `Postern's wasm has ${kilo(wasm.bytes)} kB, ${kilo(wasm.gzipped)} kB gzipped.`,
    );
  }
  if (report.builds) {
    const pair = ({ before, ours }) => `${digits(before)}, ${digits(ours)}`;
    const rows = VARIANTS.flatMap((variant) =>
      BUILD_OPS.map((op) => {
        const { rps_ratio, cpu_ratio, rps, cpu_us } = report.builds[variant][op];
        return [`${op}, ${variant}`, cell(rps_ratio), cell(cpu_ratio), pair(rps), pair(cpu_us)];
      }),
    );
    parts.push(
      "## Before and now",
      `This build divided by that of ${report.old}, 16 connections: median, minimum and maximum of the ratios of ${plan.buildRounds} rounds of ` +
        `${plan.buildSeconds} s; the medians of both. Cold: the text of each statement is new, so the database compiles it for each request.`,
      table(["", "requests/s", "CPU", "requests/s: before, ours", "CPU µs: before, ours"], rows),
    );
  }
  if (report.verify) {
    const { date, cpu, commit, rounds, seconds, trips, rps_ratio, latency_ratios, cpu_us_more, loads, latencies } = report.verify;
    const row = (name) => {
      const { rps, p50, p99, cpu_us } = loads[name];
      return [name, trips[name], ...[rps, p50, p99, cpu_us].map(digits), ...DISTANCES.map((delay) => latencies[delay][name])];
    };
    const far = DISTANCES.map((delay) => `${digits(latency_ratios[delay])} at +${delay} ms`);
    parts.push(
      "## Verification from memory",
      "`POST /v1/verify`, where the tenant allows 300 seconds: from memory, and by the database with `max_staleness_seconds: 0`. Refused: a " +
        "POST with the same headers and body to an unknown path, which is a 404 without work.",
      `The requests per second from memory divided by those of the database: ${cell(rps_ratio)}. ` +
        `The median latency of the database divided by that from memory, one connection, by the delay of each D1 trip: ${far.join(", ")}. ` +
        (cpu_us_more ? `The CPU time of a request from memory less that of a refused one: ${cell(cpu_us_more)} µs.` : ""),
      table(["", "trips", "requests/s", "p50 ms", "p99 ms", "CPU µs", ...DISTANCES.map((delay) => `ms, +${delay} ms`)], ANSWERS.map(row)),
      `Measured ${date} at commit ${commit}, on ${cpu}; 16 connections: median, minimum and maximum of ${rounds} rounds of ${seconds} s.`,
      "![Requests a second, CPU time, and latency over distance](verify.svg)",
    );
  }
  parts.push("## Environment", `${report.date}; the run took ${report.minutes} minutes.`);
  parts.push(table(["", ""], Object.entries({ ...report.machine, ...report.versions })));
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** Renders a table with a row for each operation and side. */
function bySide(head, cells) {
  return table(["", ...head], OPS.flatMap((op) => SIDES.map((side) => [`${op}, ${TITLES[side]}`, ...cells(op, side)])));
}
