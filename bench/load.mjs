// The load, in a process of its own: one autocannon run for each message from the parent. Every answer has to be 200 (or 201) and to
// hold the name that was sent, a new one in each request.
import autocannon from "autocannon";

let runs = 0;

process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.on("message", async (job) => process.send(await run(job).catch((error) => ({ failure: String(error) }))));

/** `job`: url, method, headers, paths (taken in turn), body (a text with NAME in it), connections, and seconds or amount. */
async function run({ url, method, headers, paths, body, connections, seconds, amount }) {
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
    // As many as it takes to have every connection sending; autocannon looks at the clock at each sample.
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
          if ((status !== 200 && status !== 201) || (body?.includes("NAME") && !text.includes(`"${context.name}"`))) {
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
  if (errors || timeouts) failure ??= `${errors} errors of the connection, ${timeouts} timeouts`;
  if (!times.length) failure ??= "no answer at all";
  times.sort((one, other) => one - other);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  if (last) last.made = last.text.match(/"id":"([^"]+)"/)?.[1];
  return { failure, last, requests: times.length, seconds: (until - from) / 1000, p50: at(0.5), p99: at(0.99) };
}
