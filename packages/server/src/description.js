// The operations of Postern's own API, as its OpenAPI description has them.
import { readFileSync } from "node:fs";
import { DESCRIPTION } from "./package.js";

const document = JSON.parse(readFileSync(DESCRIPTION, "utf8"));

/** That of the crate, and of the package: package.json has it only in the package that `make package` builds. */
export const { version } = document.info;

/** Follows a reference within the description. */
export function resolve(part) {
  if (!part?.$ref) return part;
  const found = part.$ref
    .split("/")
    .slice(1)
    .reduce((parent, key) => parent[key], document);
  return { ...resolve(found), ...(part.description && { description: part.description }) };
}

function read(method, path, described, shared) {
  const parameters = [...shared, ...(described.parameters ?? [])].map(resolve);
  const inside = (place) => parameters.filter((parameter) => parameter.in === place);
  const [type, content] = Object.entries(resolve(described.requestBody)?.content ?? {})[0] ?? [];
  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    summary: described.summary,
    text: described.description ?? "",
    parameters: inside("path"),
    query: inside("query"),
    headers: inside("header"),
    body: content && { type, schema: resolve(content.schema) },
  };
}

/** Each operation by its id. */
export const OPERATIONS = new Map(
  Object.entries(document.paths).flatMap(([path, { parameters = [], ...methods }]) =>
    Object.entries(methods).map(([method, described]) => [described.operationId, read(method, path, described, parameters)]),
  ),
);
