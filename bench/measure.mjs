// The measurements. Each runs its operations and sides in rounds, and returns the figures of every round.
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { OPS, SIDES, control, filesOf, send, start, startGrown } from "./sides.mjs";
import { seeded } from "./seed.mjs";

export const CONNECTIONS = 16;
export const DISTANCES = [1, 10, 50];
export const GROWING = ["put", "patch", "get", "list", "verify"];

/** The parameters of a complete run. */
export const PLAN = {
  rounds: 9,
  seconds: 3,
  warming: 4,
  counted: 200,
  // The number of requests by the milliseconds that are added to each trip.
  distances: { 1: 40, 10: 30, 50: 12 },
  distanceRounds: 5,
  sizes: [1_000, 100_000, 1_000_000],
  grown: 100,
  starts: 5,
  filled: 10_000,
  buildRounds: 15,
  buildSeconds: 1,
};
export const QUICK = {
  ...PLAN,
  rounds: 2,
  seconds: 1,
  warming: 1,
  distances: { 1: 10, 10: 8, 50: 3 },
  distanceRounds: 1,
  sizes: [1_000, 10_000],
  grown: 30,
  starts: 2,
  filled: 1_000,
  buildRounds: 2,
  buildSeconds: 0.5,
};

// ---------------------------------------------------------------------------------------------------------------------
// The load

let load;
let loadEnded;

/** Runs bench/load.mjs once. Fails if any response is wrong. */
export async function drive(server, request, options) {
  load ??= fork(new URL("load.mjs", import.meta.url), [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  loadEnded ??= once(load, "exit").then(() => [{ failure: "bench/load.mjs ended: see above" }]);
  load.send({ ...request, url: server.url, ...options });
  const [result] = await Promise.race([once(load, "message"), loadEnded]);
  if (result.failure) {
    throw new Error(`${request.method} ${request.paths[0]} had a wrong response: ${result.failure}`);
  }
  return result;
}

export function stopLoad() {
  if (load?.connected) load.disconnect();
}

/** Fails if the last write that succeeded cannot be read back, or the last response does not contain what it must. */
async function readBack(server, { requests }, op, { last }) {
  const { body, contains = "" } = requests[op];
  if (!last.text.includes(contains)) throw new Error(`${op}: a response does not contain ${contains}: ${last.text}`);
  if (!body?.includes("NAME")) return;
  const { paths, headers } = requests.get;
  const path = op === "create" ? `${requests.create.paths[0]}/${last.made}` : paths[last.path];
  const text = await (await fetch(server.url + path, { headers })).text();
  if (!text.includes(`"${last.name}"`)) throw new Error(`${op}: '${last.name}' was written but cannot be read back: ${text}`);
}

// ---------------------------------------------------------------------------------------------------------------------
// Resources of a process

/** Returns the CPU time of a process in microseconds; null without /proc. */
export function cpu(pid) {
  if (!existsSync(`/proc/${pid}/stat`)) return null;
  // After the name, which may contain spaces, utime and stime are the 12th and 13th fields, in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

const residentBytes = (pid) => Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024;

// ---------------------------------------------------------------------------------------------------------------------
// Rounds

/** Returns the sides in the order of that round. Each round starts with another side. */
export const turned = (names, round) => names.map((_, place) => names[(place + round) % names.length]);

export const perName = (names, make) => Object.fromEntries(names.map((name) => [name, make(name)]));

async function startAll(prepared, names, options) {
  const servers = {};
  for (const name of names) {
    const { side, state } = prepared[name];
    servers[name] = await start(side, state, options);
  }
  return servers;
}

/** Sends the requests of an operation for some seconds. Returns the requests per second, the latencies, and the CPU time per request. */
export async function loaded(server, prepared, op, seconds) {
  const before = cpu(server.workerd);
  const run = await drive(server, prepared.requests[op], { connections: CONNECTIONS, seconds });
  const used = before === null ? null : (cpu(server.workerd) - before) / run.requests;
  await readBack(server, prepared, op, run);
  return { rps: run.requests / run.seconds, p50: run.p50, p99: run.p99, cpu: used };
}

/** Measures requests per second, latencies and CPU time: for each operation and side, a list with an entry per round. */
export async function throughput(plan, prepared, progress, [ops, sides] = [OPS, SIDES]) {
  const servers = await startAll(prepared, sides);
  const measured = perName(ops, () => perName(sides, () => []));
  for (let round = -1; round < plan.rounds; round++) {
    const warming = round < 0;
    for (const op of ops) {
      for (const name of turned(sides, Math.max(0, round))) {
        const seconds = warming ? plan.warming : plan.seconds;
        const what = warming ? "warming up" : `throughput, round ${round + 1} of ${plan.rounds}`;
        progress.step(what, `${op} ${name}`, seconds + 0.2);
        const figures = await loaded(servers[name], prepared[name], op, seconds);
        if (!warming) measured[op][name].push(figures);
      }
    }
  }
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  return measured;
}

/** Counts D1 trips and rows per request; then measures the latency of sequential requests with a delay added to each trip. */
export async function distance(plan, prepared, progress, [ops, sides] = [OPS, SIDES]) {
  const servers = await startAll(prepared, sides, { front: "counted" });
  const counts = perName(ops, () => ({}));
  for (const op of ops) {
    for (const name of sides) {
      progress.step("counting", `${op} ${name}`, 1);
      const one = { connections: 1, amount: plan.counted };
      // A credential's use is recorded at most once a minute: these requests record it, so that it is not counted.
      await drive(servers[name], prepared[name].requests[op], { ...one, amount: 5 });
      await control(servers[name], { count: true });
      const run = await drive(servers[name], prepared[name].requests[op], one);
      const { trips, rows_read, rows_written } = await control(servers[name]);
      const each = (sum) => Math.round((sum / run.requests) * 10) / 10;
      counts[op][name] = { trips: each(trips), rows_read: each(rows_read), rows_written: each(rows_written) };
      if (prepared[name].requests[op].body?.includes("NAME") && !rows_written) throw new Error(`${op} of ${name} wrote nothing`);
      await readBack(servers[name], prepared[name], op, run);
    }
  }
  const measured = perName(DISTANCES, () => perName(ops, () => perName(sides, () => [])));
  for (let round = 0; round < plan.distanceRounds; round++) {
    for (const delay of DISTANCES) {
      for (const op of ops) {
        for (const name of turned(sides, round)) {
          const amount = plan.distances[delay];
          const seconds = (amount * (delay + 3) * counts[op][name].trips) / 1000;
          progress.step(`${delay} ms a trip, round ${round + 1} of ${plan.distanceRounds}`, `${op} ${name}`, seconds);
          await control(servers[name], { delay });
          const { p50 } = await drive(servers[name], prepared[name].requests[op], { connections: 1, amount });
          measured[delay][op][name].push(p50);
          await control(servers[name]);
        }
      }
    }
  }
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  return { counts, measured };
}

/** Measures our Worker by the size of the tenant: rows read per request, and the latency of sequential requests. */
export async function growth(plan, progress) {
  const grown = {};
  for (const size of plan.sizes) {
    const what = `a tenant of ${size.toLocaleString("en")} credentials`;
    progress.step("seeding", what, 1);
    const tenant = await seeded(size, (share) => progress.say(`seeding, ${what}: ${Math.round(share * 100)} %`));
    grown[size] = await startGrown(tenant);
  }
  const measured = perName(GROWING, () => perName(plan.sizes, () => ({ times: [] })));
  for (let round = 0; round < 3; round++) {
    for (const op of GROWING) {
      for (const size of plan.sizes) {
        progress.step(`growth, round ${round + 1} of 3`, `${op} ${size}`, 0.5);
        const { server, requests } = grown[size];
        const one = { connections: 1, amount: plan.grown };
        measured[op][size].times.push((await drive(server, requests[op], one)).p50);
        if (round) continue;
        await control(server, { count: true });
        await drive(server, requests[op], one);
        // Each request takes one trip. The median ignores the trip that records the caller's use once a minute.
        const { read } = await control(server);
        measured[op][size].rows_read = read.sort((one, other) => one - other)[Math.floor(read.length / 2)];
      }
    }
  }
  await Promise.all(Object.values(grown).map(({ server }) => server.stop()));
  return measured;
}

/** Measures the time from the start of a side's process to its first response, its memory under load, and its file sizes. */
export async function footprint(plan, prepared, progress) {
  const measured = perName(SIDES, () => ({ starts: [] }));
  const server = {};
  for (let round = 0; round < plan.starts; round++) {
    for (const name of turned(SIDES, round)) {
      progress.step(`start, ${round + 1} of ${plan.starts}`, name, 1.5);
      await server[name]?.stop();
      const { side, state, requests } = prepared[name];
      const { method, paths, headers } = requests.get;
      const from = performance.now();
      server[name] = await start(side, state);
      await send(server[name], method, paths[0], headers.authorization.slice("Bearer ".length));
      measured[name].starts.push(performance.now() - from);
    }
  }
  for (const name of SIDES) {
    const { side, requests } = prepared[name];
    progress.step(`${plan.filled.toLocaleString("en")} requests`, name, plan.filled / 700);
    for (const op of ["put", "get"]) {
      await drive(server[name], requests[op], { connections: CONNECTIONS, amount: plan.filled / 2 });
    }
    measured[name].rss = residentBytes(server[name].workerd);
    measured[name].files = filesOf(side).map((path) => {
      const bytes = readFileSync(path);
      return { name: path, bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
    });
    await server[name].stop();
  }
  return measured;
}
