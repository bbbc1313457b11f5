// POSTERN_TOKEN=… node bench/probe.mjs URL [BOUND] [SECONDS]: measures what only a deployment shows: which source answers verifications
// (memory, a replica, the primary) and how fast, and for how long a revoked token is still reported as valid. Run it from several regions.
//
// POSTERN_TOKEN is the token of an admin of a tenant whose `verify_staleness_seconds` is at least BOUND (10). It creates a credential,
// verifies its token for SECONDS (60) from 8 clients, revokes it, verifies until BOUND and 5 seconds later, and deletes it.
const [url, bound = 10, seconds = 60] = process.argv.slice(2);
const token = process.env.POSTERN_TOKEN;
if (!url || !token) {
  console.error("usage: POSTERN_TOKEN=… node bench/probe.mjs URL [BOUND] [SECONDS]");
  process.exit(2);
}

async function send(method, path, json) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const began = performance.now();
  const answer = await fetch(new URL(path, url), { method, headers, body: json && JSON.stringify(json), redirect: "error" });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return { ms: performance.now() - began, headers: answer.headers, json: text ? JSON.parse(text) : undefined };
}

const { tenant } = (await send("GET", "/v1/self")).json;
const made = (await send("POST", `/v1/tenants/${tenant}/credentials`, { name: "probe", roles: [], access: "none" })).json;
const path = `/v1/tenants/${tenant}/credentials/${made.id}`;
const answers = [];
let isOver = false;
let last = 0;

async function client() {
  while (!isOver) {
    const sent = Date.now();
    const { ms, headers, json } = await send("POST", "/v1/verify", { token: made.secret, max_staleness_seconds: Number(bound) });
    answers.push({ ms, ...json, place: headers.get("cf-ray")?.split("-")[1] ?? "" });
    if (json.active) last = Math.max(last, sent);
  }
}

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
const part = (numbers, share) => numbers.toSorted((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];
const failed = [];
try {
  const clients = Array.from({ length: 8 }, () => client().catch((error) => failed.push(error)));
  await wait(1000 * seconds);
  const { headers } = await send("POST", `${path}/revoke`, {});
  const revoked = Date.now();
  await wait(1000 * (Number(bound) + 5));
  isOver = true;
  await Promise.all(clients);
  const bounds = [...new Set(answers.filter(({ active }) => active).map((answer) => answer.max_staleness_seconds))];
  console.log(`bound in force: ${bounds.join(", ")} s; data centers: ${[...new Set(answers.map(({ place }) => place))].join(" ") || "unknown"}`);
  console.log("source   answers    ms: median, 99 %    age in s: median, most");
  for (const source of ["memory", "replica", "primary"]) {
    const these = answers.filter((answer) => answer.active && answer.source === source);
    if (these.length === 0) continue;
    const [times, ages] = [these.map(({ ms }) => ms), these.map((answer) => answer.age_seconds)];
    const figures = [part(times, 0.5), part(times, 0.99), part(ages, 0.5), part(ages, 1)].map((number) => number.toFixed(1).padStart(9));
    console.log(`${source.padEnd(8)} ${String(these.length).padStart(7)} ${figures.join("")}`);
  }
  console.log(`the last request with a valid answer was sent ${((last - revoked) / 1000).toFixed(1)} s after the response to the revocation`);
  console.log(`Postern-Effective-By: ${headers.get("postern-effective-by") ?? "immediately"}`);
} finally {
  isOver = true;
  await send("DELETE", path);
}
for (const error of failed.slice(0, 3)) console.error(error.message);
process.exit(failed.length > 0 ? 1 : 0);
