// What people read about an error.
import { Refusal } from "./connection.js";
import { flagNames } from "./flags.js";
import { safe } from "./output.js";

/** Returns how people name what a violation is about: the flags of the member or of the parameter. */
function subject({ pointer, parameter }, fields) {
  const member = pointer?.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
  const found = fields.find(
    ({ place, name }) => (place === "body" && name === member) || (place === "query" && name === parameter),
  );
  const where = safe(pointer ?? parameter ?? "");
  return found ? `${flagNames(found)} (${where})` : where || "the request";
}

/** Returns the lines of an error. `fields` are those of the command. */
export function errorLines(error, fields = []) {
  if (!(error instanceof Refusal)) return [`error: ${error.message}`];
  const { status, headers, json } = error.response;
  const title = json?.title ?? json?.error_description ?? `The service answered with status ${status}.`;
  const lines = [`error: ${safe(title)} (${[status, ...(json?.code ? [safe(json.code)] : [])].join(" ")})`];
  const challenge = headers.get("www-authenticate");
  if (!json && challenge) lines.push(`  ${safe(challenge)}`);
  if (json?.detail) lines.push(`  ${safe(json.detail)}`);
  for (const violation of Array.isArray(json?.violations) ? json.violations : [])
    lines.push(`  ${subject(violation, fields)}: ${safe(violation.detail)}`);
  for (const [check, found] of Object.entries(json?.checks ?? {})) lines.push(`  ${safe(check)}: ${safe(found)}`);
  const after = headers.get("retry-after");
  if (after) lines.push(`  Try again in ${safe(after)} s.`);
  const request = headers.get("x-request-id");
  if (request && status >= 500) lines.push(`  Request: ${safe(request)}`);
  return lines;
}
