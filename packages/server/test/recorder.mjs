// A server between the program and the service, which records the requests and can answer in the service's place.
import { createServer } from "node:http";
import { OPERATIONS } from "../src/description.js";

const routes = [...OPERATIONS.values()].map(({ id, method, path }) => {
  const pattern = path
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[.]/g, "\\."))
    .join("[^/]+");
  return { id, method, matches: new RegExp(`^${pattern}$`) };
});

/** Starts a recorder. `answer(request)` returns a response to send instead, "lose" to end the connection after the service was asked, or nothing. */
export async function startRecorder(target) {
  const recorder = { requests: [], answer: () => undefined };
  const server = createServer(async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method, url, headers } = incoming;
    const text = Buffer.concat(chunks).toString();
    const path = url.split("?")[0];
    const id = routes.find((route) => route.method === method && route.matches.test(path))?.id;
    const request = {
      id,
      method,
      url,
      headers,
      text,
      json: headers["content-type"] === "application/json" ? JSON.parse(text) : undefined,
    };
    recorder.requests.push(request);
    const instead = await recorder.answer(request, recorder.requests);
    if (instead && instead !== "lose") {
      const { status, json, body = json && JSON.stringify(json), headers: others } = instead;
      return outgoing.writeHead(status, { "content-type": "application/problem+json", ...others }).end(body);
    }
    const { host, connection, "content-length": length, ...sent } = headers;
    const answer = await fetch(target + url, { method, headers: sent, body: text || undefined });
    const body = Buffer.from(await answer.arrayBuffer());
    if (instead === "lose") return incoming.socket.destroy();
    outgoing
      .writeHead(
        answer.status,
        Object.fromEntries([...answer.headers].filter(([name]) => !["content-length", "transfer-encoding"].includes(name))),
      )
      .end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  recorder.url = `http://127.0.0.1:${server.address().port}`;
  /** Forgets what was recorded. */
  recorder.clear = () => {
    recorder.requests = [];
    recorder.answer = () => undefined;
  };
  recorder.stop = () => (server.closeAllConnections(), server.close());
  return recorder;
}
