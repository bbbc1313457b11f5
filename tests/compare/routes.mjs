// Every route of every face, with its operation: [method, path, face, verb, noun]. `check` compares the list with
// src/route.rs.
import { readFileSync } from "node:fs";

const C = "/api/v1/auth-management";
const L = "/v1.0/tenants";
const K = "/organizations";
const O = "/v1/tenants";
export const ROUTES = [
  ["POST", `${C}/clients`, "coactive", "create", "credential"],
  ["GET", `${C}/clients`, "coactive", "list", "credential"],
  ["GET", `${C}/clients/{}`, "coactive", "read", "credential"],
  ["PUT", `${C}/clients/{}`, "coactive", "replace", "credential"],
  ["DELETE", `${C}/clients/{}`, "coactive", "delete", "credential"],
  ["GET", `${C}/roles`, "coactive", "roles", "tenant"],
  ["POST", "/api/v0/login", "coactive", "log in", "caller"],
  ["POST", "/api/v1/login", "coactive", "log in", "caller"],

  ["PUT", L, "litegraph", "create", "tenant"],
  ["GET", L, "litegraph", "list", "tenant"],
  ["GET", `${L}/{}`, "litegraph", "read", "tenant"],
  ["PUT", `${L}/{}`, "litegraph", "replace", "tenant"],
  ["DELETE", `${L}/{}`, "litegraph", "delete", "tenant"],
  ["PUT", `${L}/{}/users`, "litegraph", "create", "principal"],
  ["GET", `${L}/{}/users`, "litegraph", "list", "principal"],
  ["GET", `${L}/{}/users/{}`, "litegraph", "read", "principal"],
  ["PUT", `${L}/{}/users/{}`, "litegraph", "replace", "principal"],
  ["DELETE", `${L}/{}/users/{}`, "litegraph", "delete", "principal"],
  ["PUT", `${L}/{}/credentials`, "litegraph", "create", "credential"],
  ["GET", `${L}/{}/credentials`, "litegraph", "list", "credential"],
  ["DELETE", `${L}/{}/credentials`, "litegraph", "delete all", "tenant"],
  ["GET", `${L}/{}/credentials/{}`, "litegraph", "read", "credential"],
  ["PUT", `${L}/{}/credentials/{}`, "litegraph", "replace", "credential"],
  ["DELETE", `${L}/{}/credentials/{}`, "litegraph", "delete", "credential"],
  ["DELETE", `${L}/{}/users/{}/credentials`, "litegraph", "delete all", "principal"],
  ["DELETE", `${L}/{}/credentials/{}/credentials`, "litegraph", "delete all", "principal"],
  ["GET", "/v1.0/credentials/bearer/{}", "litegraph", "find", "secret"],
  ["GET", "/v2.0/tenants/{}/credentials", "litegraph", "page", "credential"],
  ["POST", "/v2.0/tenants/{}/credentials", "litegraph", "page", "credential"],

  ["POST", K, "keycard", "create", "tenant"],
  ["GET", K, "keycard", "page", "tenant"],
  ["GET", `${K}/{}`, "keycard", "read", "tenant"],
  ["PATCH", `${K}/{}`, "keycard", "merge", "tenant"],
  ["POST", `${K}/{}/service-accounts`, "keycard", "create", "principal"],
  ["GET", `${K}/{}/service-accounts`, "keycard", "page", "principal"],
  ["GET", `${K}/{}/service-accounts/{}`, "keycard", "read", "principal"],
  ["PATCH", `${K}/{}/service-accounts/{}`, "keycard", "merge", "principal"],
  ["DELETE", `${K}/{}/service-accounts/{}`, "keycard", "delete", "principal"],
  ["POST", `${K}/{}/service-accounts/{}/credentials`, "keycard", "create", "credential"],
  ["GET", `${K}/{}/service-accounts/{}/credentials`, "keycard", "page", "credential"],
  ["GET", `${K}/{}/service-accounts/{}/credentials/{}`, "keycard", "read", "credential"],
  ["PATCH", `${K}/{}/service-accounts/{}/credentials/{}`, "keycard", "merge", "credential"],
  ["DELETE", `${K}/{}/service-accounts/{}/credentials/{}`, "keycard", "delete", "credential"],

  ["POST", "/service-account-token", "oauth", "log in", "caller"],
  ["POST", "/oauth/token", "oauth", "log in", "caller"],
  ["POST", "/oauth/introspect", "oauth", "introspect", "secret"],
  ["GET", "/.well-known/oauth-authorization-server", "oauth", "metadata", "server"],

  ["POST", O, "own", "create", "tenant"],
  ["GET", O, "own", "page", "tenant"],
  ["GET", `${O}/{}`, "own", "read", "tenant"],
  ["PUT", `${O}/{}`, "own", "replace", "tenant"],
  ["PATCH", `${O}/{}`, "own", "merge", "tenant"],
  ["DELETE", `${O}/{}`, "own", "delete", "tenant"],
  ["POST", `${O}/{}/principals`, "own", "create", "principal"],
  ["GET", `${O}/{}/principals`, "own", "page", "principal"],
  ["GET", `${O}/{}/principals/{}`, "own", "read", "principal"],
  ["PUT", `${O}/{}/principals/{}`, "own", "replace", "principal"],
  ["PATCH", `${O}/{}/principals/{}`, "own", "merge", "principal"],
  ["DELETE", `${O}/{}/principals/{}`, "own", "delete", "principal"],
  ["POST", `${O}/{}/credentials`, "own", "create", "credential"],
  ["GET", `${O}/{}/credentials`, "own", "page", "credential"],
  ["GET", `${O}/{}/credentials/{}`, "own", "read", "credential"],
  ["PUT", `${O}/{}/credentials/{}`, "own", "replace", "credential"],
  ["PATCH", `${O}/{}/credentials/{}`, "own", "merge", "credential"],
  ["DELETE", `${O}/{}/credentials/{}`, "own", "delete", "credential"],
  ["POST", `${O}/{}/credentials/{}/rotate`, "own", "rotate", "credential"],
  ["POST", `${O}/{}/credentials/{}/rotate/finish`, "own", "finish", "credential"],
  ["POST", `${O}/{}/credentials/{}/rotate/cancel`, "own", "cancel", "credential"],
  ["POST", `${O}/{}/credentials/{}/revoke`, "own", "revoke", "credential"],
  ["POST", `${O}/{}/credentials/{}/restore`, "own", "restore", "credential"],
  ["GET", `${O}/{}/credentials/{}/events`, "own", "history", "credential"],
  ["GET", `${O}/{}/events`, "own", "history", "tenant"],
  ["POST", "/v1/verify", "own", "verify", "secret"],
].map(([method, path, face, verb, noun]) => ({ method, path, face, verb, noun, name: `${method} ${path}` }));

/** The route with a name, or the only one of a face, verb and noun. */
export function route(face, verb, noun) {
  const found = ROUTES.find((one) => one.face === face && one.verb === verb && one.noun === noun);
  if (!found) throw new Error(`there is no route to ${verb} a ${noun} on ${face}`);
  return found;
}

/** Routes of a source tree that are missing in this list, and listed routes that do not exist. */
export function check(folder) {
  const source = readFileSync(`${folder}/src/route.rs`, "utf8").split("#[cfg(test)]")[0];
  const lines = source.matchAll(/\b(Post|Get|Put|Patch|Delete)\s*,\s*"(\/[^"]*)"/g);
  const there = new Set([...lines].map(([, method, path]) => `${method.toUpperCase()} ${path.replace(/\{\w*\}/g, "{}")}`));
  const listed = new Set(ROUTES.map(({ name }) => name));
  return { unlisted: [...there].filter((name) => !listed.has(name)), missing: [...listed].filter((name) => !there.has(name)) };
}
