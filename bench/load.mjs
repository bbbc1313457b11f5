// Generates the load in a separate process: one run of autocannon for each message from the parent. Every response must be 200 or 201,
// or the status in the job, and contain the name in the request, which is new in each request.
import autocannon from "autocannon";

let runs = 0;

process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.on("message", async (job) => process.send(await run(job).catch((error) => ({ failure: String(error) }))));

/** Runs a job: url, method, headers, paths (used in turn), body (a text that may contain NAME), status, connections, and seconds or amount. */
async function run({ url, method, headers, paths, body, status: expected, connections, seconds, amount }) {
  const run = `bench ${Date.now().toString(36)} ${++runs}`;
  const times = [];
  let sent = 0;
  let last;
  let failure;
  let from;
  let until;
  const load = autocannon({
    url,
    connections,
    // autocannon checks the time only at each sample, so the interval is short.
    ...(amount ? { amount } : { duration: seconds, sampleInt: 100 }),
    timeout: 30,
    requests: [
      {
        method,
        headers,
        setupRequest(request, context) {
          const number = sent++;
          context.number = number;
          context.name = `${run} ${number}`;
          request.path = paths[number % paths.length];
          if (body) request.body = body.replace("NAME", context.name);
          return request;
        },
        onResponse(status, text, context) {
          if (!(expected ? [expected] : [200, 201]).includes(status) || (body?.includes("NAME") && !text.includes(`"${context.name}"`))) {
            failure ??= `${status} ${text.slice(0, 300)}`;
            load.stop();
          }
          last = { path: context.number % paths.length, name: context.name, text };
        },
      },
    ],
  });
  load.on("response", (_client, _status, _bytes, milliseconds) => {
    until = performance.now();
    from ??= until - milliseconds;
    times.push(milliseconds);
  });
  const { errors, timeouts } = await load;
  if (errors || timeouts) failure ??= `${errors} connection errors, ${timeouts} timeouts`;
  if (!times.length) failure ??= "no response";
  times.sort((one, other) => one - other);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  if (last) last.made = last.text.match(/"id":"([^"]+)"/)?.[1];
  return { failure, last, requests: times.length, seconds: (until - from) / 1000, p50: at(0.5), p99: at(0.99) };
}
