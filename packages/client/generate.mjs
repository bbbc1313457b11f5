// node packages/client/generate.mjs [--check]: writes src/openapi.d.ts and src/operations.js from docs/openapi/postern.json. With
// --check it fails if one of them differs.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTypescript, { astToString } from "openapi-typescript";

const source = new URL("../../docs/openapi/postern.json", import.meta.url);
const api = JSON.parse(readFileSync(source, "utf8"));
const HEADER = "// Generated from docs/openapi/postern.json by packages/client/generate.mjs.\n";

/** The operations without an effect that are not a GET: they only look up tokens, or sign one. */
const READS = ["introspect", "log_in", "verify", "verify_batch"];

/** Follows a reference within the document. */
const resolved = ({ $ref, ...item }) =>
  $ref ? $ref.slice(2).split("/").reduce((at, name) => at[name], api) : item;

function* operations() {
  for (const [path, { parameters: shared = [], ...methods }] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const parameters = [...shared, ...(operation.parameters ?? [])].map(resolved);
      const successes = Object.entries(operation.responses).filter(([code]) => code < 300);
      const [hasData, ...others] = new Set(successes.map(([, success]) => "content" in resolved(success)));
      if (others.length) throw new Error(`${operation.operationId} has responses of success with data and without`);
      const names = (kind) => parameters.filter((parameter) => parameter.in === kind).map(({ name }) => name);
      yield [
        operation.operationId,
        {
          method: method.toUpperCase(),
          path,
          // A creation that can be a dry run has two.
          statuses: successes.map(([status]) => Number(status)),
          hasData,
          query: names("query"),
          header: names("header"),
          // The first media type: a PATCH accepts its own, too.
          body: Object.keys(operation.requestBody?.content ?? {})[0],
          isRead: method === "get" || READS.includes(operation.operationId),
          takesToken: (operation.security ?? api.security).some((scheme) => scheme.bearer),
        },
      ];
    }
  }
}

const table = [...operations()].map(([name, operation]) => `  ${name}: ${JSON.stringify(operation)},\n`);
const unknown = READS.filter((name) => !table.some((line) => line.startsWith(`  ${name}:`)));
if (unknown.length) throw new Error(`the document has no operation ${unknown}`);

const TYPE = '/** @type {Record<string, import("./types.js").Operation>} */\n';
const files = {
  "openapi.d.ts": HEADER + astToString(await openapiTypescript(api, { alphabetize: true, silent: true })),
  "operations.js": `${HEADER}${TYPE}export const operations = {\n${table.join("")}};\n`,
};
for (const [name, text] of Object.entries(files)) {
  const file = new URL(`src/${name}`, import.meta.url);
  if (!process.argv.includes("--check")) {
    writeFileSync(file, text);
  } else if (readFileSync(file, "utf8") !== text) {
    console.error(`packages/client/src/${name} is not current. Run: node packages/client/generate.mjs`);
    process.exitCode = 1;
  }
}
