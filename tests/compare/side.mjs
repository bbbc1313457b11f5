// One of the two builds as a client: replaces names in a request by the build's own ids, secrets, tags and cursors.
//
// A name in a request is between ‹ and ›:
//   ‹id c7› ‹guid c7› ‹client c7›       an id, as our own API and Keycard, as LiteGraph, as Coactive spell it
//   ‹text s7› ‹url s7› ‹form s7›        a text (a secret, a label, a cursor) as it is, or encoded for a URL or a form
//   ‹broken s7›                         a text with another last letter
//   ‹basic c7 s7›                       the credential's id and its secret, as `Basic` has them
//   ‹encoded c7› ‹capitals c7›          an id with each letter percent-encoded, or in capitals
import http from "node:http";
import { fromGuid, toGuid } from "./pairs.mjs";

const NAMES = /‹(\w+) ([^›]+)›/g;
const FORMS = {
  id: (id) => id,
  guid: toGuid,
  client: (id) => `client_${id}`,
  text: (text) => text,
  url: encodeURIComponent,
  form: encodeURIComponent,
  broken: (text) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0"),
  basic: (id, secret) => Buffer.from(`client_${id}:${secret}`).toString("base64"),
  encoded: (id) => [...id].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(""),
  capitals: (id) => id.toUpperCase(),
};

/** Names in a text that this build has no value for, so the request cannot be sent. */
export class Unknown extends Error {}

export class Side {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  values = new Map();

  constructor(name, url) {
    this.name = name;
    this.url = new URL(url);
  }

  substitute(text) {
    return text.replaceAll(NAMES, (all, form, names) => {
      if (!FORMS[form]) return all;
      const values = names.split(" ").map((name) => this.values.get(name));
      if (values.includes(undefined)) throw new Unknown(`${this.name} has no '${names}'`);
      return FORMS[form](...values);
    });
  }

  /** A body's parts: a text, `{hex}`, `{repeat, times}`, or `{shown, set}`: a resource as it was returned, with these members. */
  #bytes(parts) {
    const bytes = (part) => {
      if (typeof part === "string") return Buffer.from(this.substitute(part));
      if (part.hex !== undefined) return Buffer.from(part.hex, "hex");
      if (part.repeat !== undefined) return Buffer.from(part.repeat.repeat(part.times));
      const shown = this.values.get(`shown:${part.shown}`);
      if (shown === undefined) throw new Unknown(`${this.name} was shown no ${part.shown}`);
      const whole = { ...JSON.parse(shown), ...JSON.parse(this.substitute(JSON.stringify(part.set))) };
      for (const name of part.without ?? []) delete whole[name];
      return Buffer.from(JSON.stringify(whole));
    };
    return Buffer.concat(parts.map(bytes));
  }

  /** The request for this build. */
  prepare({ method, path, headers = {}, body }) {
    const given = Object.entries(headers).map(([name, value]) => [name, latin1(this.substitute(value))]);
    return { method, path: this.substitute(path), headers: Object.fromEntries(given), body: body && this.#bytes(body) };
  }

  /** Sends the request with the build's clock at `clock`. A broken connection is a result, too. */
  async send({ method, path, headers, body }, clock) {
    const length = body || !["GET", "HEAD", "OPTIONS"].includes(method) ? { "content-length": String(body?.length ?? 0) } : {};
    const sent = { host: "compare.example", ...length, ...headers, "x-compare-clock": String(clock) };
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#exchange({ method, path, headers: sent }, body);
      } catch (error) {
        // A kept connection that had ended before anything was sent on it.
        if (attempt > 2 || !error.reused) return { status: `no answer: ${error.code}`, headers: [], text: "" };
      }
    }
  }

  #exchange(options, body) {
    const { hostname: host, port } = this.url;
    return new Promise((resolve, reject) => {
      const request = http.request({ host, port, agent: this.#agent, timeout: 60_000, setHost: false, ...options });
      request.on("timeout", () => request.destroy(Object.assign(new Error("timeout"), { code: "no answer in 60 s" })));
      request.on("error", (error) => reject(Object.assign(error, { reused: request.reusedSocket && error.code === "ECONNRESET" })));
      request.on("response", (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => resolve(read(response, Buffer.concat(chunks))));
      });
      request.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

/** Header values are sent byte by byte. */
const latin1 = (text) => Buffer.from(text).toString("latin1");

function read({ statusCode: status, rawHeaders }, bytes) {
  const headers = [];
  for (let at = 0; at < rawHeaders.length; at += 2) headers.push([rawHeaders[at].toLowerCase(), rawHeaders[at + 1]]);
  const of = (name) => headers.find(([known]) => known === name)?.[1];
  const text = bytes.toString("utf8");
  let json;
  try {
    json = JSON.parse(text);
  } catch {}
  const costs = of("x-compare-cost");
  return {
    status,
    headers: headers.filter(([name]) => name !== "x-compare-cost" && name !== "date"),
    text,
    json,
    header: of,
    cost: costs && JSON.parse(costs),
  };
}

/** An id in the spelling that is stored here, from any face's. */
export const readId = (text) => (text?.length === 36 ? fromGuid(text) : text?.replace(/^client_/, ""));
