// Runs the command of one operation.
import { randomUUID } from "node:crypto";
import { Connection, Refusal, Unreachable, callerToken, notPostern, serviceUrl } from "./connection.js";
import { EXIT, wrongUse } from "./failure.js";
import { valuesOf } from "./flags.js";
import { askSecret, cleanSecret, confirm, isTerminal, readText } from "./input.js";
import { details, json, preview, safe, table } from "./output.js";
import { parseJson } from "./values.js";
import { prepareReveal } from "./reveal.js";

const PAGE = 100;

export const print = (lines) => process.stdout.write(lines.map((line) => `${line}\n`).join(""));
export const note = (line) => process.stderr.write(`${line}\n`);

/** Shows how far a long command is, on one line of a terminal. */
export function progress() {
  const isShown = process.stderr.isTTY;
  return {
    show: (text) => isShown && process.stderr.write(`\r\x1b[K${text}`),
    end: () => isShown && process.stderr.write("\r\x1b[K"),
  };
}

/** Returns the token to check, or several, one a line. They are never arguments. */
async function checked(options, several) {
  const { from } = options;
  if (from === undefined && isTerminal() && !several) return askSecret("Token to check");
  // Typed lines would be shown.
  if (from === undefined && isTerminal()) throw wrongUse("Give the tokens to check in a file: --from FILE, or on standard input.");
  const text = readText(from ?? "-", "--from");
  if (!several) return cleanSecret(text, "The token to check");
  const tokens = text.split(/\r?\n/).filter((line) => line !== "");
  return tokens.map((token) => cleanSecret(token, "Each token to check"));
}

/** Returns the connection of a command, with its credentials. */
export async function connect(options, auth) {
  const url = serviceUrl(options.url);
  if (auth === "none") return { connection: new Connection(url) };
  const token = await callerToken(options, { optional: auth === "optional" });
  if (auth === "form") return { connection: new Connection(url), token };
  const header = auth === "verifier" ? { "postern-verifier": token } : token && { authorization: `Bearer ${token}` };
  return { connection: new Connection(url, header), token };
}

/** Returns the path of a request. Without --tenant, the tenant is that of the caller. */
export async function pathOf(operation, positional, options, connection) {
  let path = operation.path;
  for (const { name } of operation.parameters) {
    let value = positional[name] ?? options[name];
    if (value === undefined) {
      try {
        value = (await connection.send("GET", "/v1/self")).json.tenant;
      } catch (error) {
        if (error instanceof Refusal && error.response.status === 403)
          throw wrongUse("The root token belongs to no tenant. Give --tenant ID, or the environment variable POSTERN_TENANT.");
        throw error;
      }
    }
    path = path.replace(`{${name}}`, encodeURIComponent(value));
  }
  return path;
}

/** Returns the request that the flags and files describe. */
async function requestOf(operation, spec, fields, command, positional, token) {
  const options = command.opts();
  const { body, query, header: headers } = valuesOf(fields, command);
  const request = { query, headers };
  const id = Object.values(positional).at(-1);
  // A revision, as `show` prints it, is enough for an ETag.
  for (const name of ["If-Match", "If-None-Match"])
    if (/^\d+$/.test(headers[name] ?? "")) headers[name] = `"${id}.${headers[name]}"`;
  if (operation.headers.some(({ name }) => name === "Idempotency-Key")) headers["Idempotency-Key"] ??= randomUUID();
  if (spec.checks === "header") headers.authorization = `Bearer ${await checked(options)}`;
  if (!operation.body) return request;
  const whole = options.body === undefined ? {} : parseJson(readText(options.body, "--body"));
  if (typeof whole !== "object" || whole === null || Array.isArray(whole)) throw wrongUse("--body must be a JSON object.");
  const merged = { ...whole, ...body };
  if (spec.checks === "token" && !("token" in whole)) merged.token = await checked(options);
  if (spec.checks === "items" && !("items" in whole)) {
    const { needs, ...rest } = merged;
    const tokens = await checked(options, true);
    return {
      ...request,
      reads: true,
      type: operation.body.type,
      body: JSON.stringify({ ...rest, items: tokens.map((one) => ({ token: one, ...(needs && { needs }) })) }),
    };
  }
  if (spec.auth === "form") Object.assign(merged, { grant_type: "client_credentials", client_secret: token });
  const isForm = operation.body.type === "application/x-www-form-urlencoded";
  return {
    ...request,
    reads: Boolean(spec.checks),
    type: operation.body.type,
    body: isForm ? new URLSearchParams(merged).toString() : JSON.stringify(merged),
  };
}

/** Returns the JSON of a body; undefined for a form or none. */
function parsed(body) {
  return body?.startsWith("{") ? JSON.parse(body) : undefined;
}

/** Returns the body of a response that has items. */
function itemsOf({ json: answer }) {
  if (!Array.isArray(answer?.items)) throw notPostern();
  return answer;
}

/** Calls `take` with each page of a list. */
export async function pages(connection, path, query, take) {
  const shown = progress();
  let cursor;
  let count = 0;
  try {
    do {
      const page = itemsOf(await connection.send("GET", path, { query: { limit: PAGE, ...query, ...(cursor && { cursor }) } }));
      take(page.items);
      count += page.items.length;
      cursor = page.next;
      shown.show(`${count.toLocaleString("en-US")} so far`);
    } while (cursor);
  } finally {
    shown.end();
  }
}

async function list(connection, path, request, spec, options) {
  // One page, if its size or its position is given.
  const isPage = "limit" in request.query || "cursor" in request.query;
  let answer = { items: [], next: null };
  if (isPage) answer = itemsOf(await connection.send("GET", path, request));
  else await pages(connection, path, request.query, (items) => answer.items.push(...items));
  if (options.json) return print([json(answer)]);
  print(table(spec.columns, answer.items));
  if (answer.next) note(`There is more: --cursor ${safe(answer.next)}`);
}

/** Prints a response, and returns the exit code. */
function render(operation, spec, response, options, place) {
  const { status, json: answer, headers } = response;
  const exit = spec.passes && answer && !spec.passes(answer) ? EXIT.refused : EXIT.done;
  if (status === 304) note("Not modified.");
  const secret = spec.reveals && answer?.[spec.reveals];
  if (secret) place.keep(secret);
  else if (place) place.discard();
  if (answer === undefined) {
    const identity = [...headers].filter(([name]) => /^postern-(credential|principal|tenant)$/.test(name));
    if (options.json) print([json(Object.fromEntries(identity))]);
    else if (identity.length) print(details(Object.fromEntries(identity)));
    else if (status === 204) note("Deleted.");
    return exit;
  }
  if (options.json) {
    const { [spec.reveals]: left, ...rest } = answer;
    print([json(secret && options.out !== undefined ? rest : answer)]);
    return exit;
  }
  if ("widens_access" in answer) print(preview(answer));
  else if (spec.columns) print(table(spec.columns, itemsOf(response).items));
  else print(details(answer, ["secret", "access_token"]));
  if (secret && options.out !== undefined) note(`The secret is in ${safe(options.out)}.`);
  else if (secret) print(["", `${spec.reveals.replaceAll("_", " ")}: ${safe(secret)}`, "Keep it now: it is not shown again."]);
  const by = headers.get("postern-effective-by");
  if (by) note(`Every verification reflects this change from ${safe(by)}.`);
  return exit;
}

/** Runs the command of an operation. Returns the exit code. */
export async function run({ operation, spec, fields }, command, positional) {
  const options = command.opts();
  const { connection, token } = await connect(options, spec.auth);
  const request = await requestOf(operation, spec, fields, command, positional, token);
  const path = await pathOf(operation, positional, options, connection);
  if (operation.query.some(({ name }) => name === "cursor")) {
    await list(connection, path, request, spec, options);
    return EXIT.done;
  }
  if (spec.destroys)
    await confirm(`${[operation.summary, ...Object.values(positional).map(safe)].join(": ")}. This cannot be undone.`, options.yes);
  // A credential may be created without a secret.
  const place = spec.reveals && parsed(request.body)?.secret !== false && prepareReveal(options);
  let response;
  try {
    response = await connection.send(operation.method, path, request);
  } catch (error) {
    if (place) place.discard();
    const isUnknown = error instanceof Unreachable || error.response?.json?.code === "outcome_unknown";
    const key = request.headers["Idempotency-Key"];
    if (isUnknown && key)
      note(
        `Whether it was done is not known. To repeat it safely within 24 hours, give the same flags and --idempotency-key ${safe(key)}`,
      );
    throw error;
  }
  return render(operation, spec, response, options, place);
}
