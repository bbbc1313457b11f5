// The texts that people write for durations, times, roles and metadata.
import { InvalidArgumentError } from "commander";

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

/** Returns the seconds of a duration such as 90, 90s, 15m, 12h, 90d or 2w; undefined if the text is not a duration. */
export function seconds(text) {
  const [, count, unit = "s"] = /^(\d{1,10})([smhdw])?$/.exec(text) ?? [];
  return count && Number(count) * UNITS[unit];
}

export function parseSeconds(text) {
  const parsed = seconds(text);
  if (parsed === undefined) throw new InvalidArgumentError("Write a number of seconds, or a duration such as 15m, 12h or 7d.");
  return parsed;
}

/** Returns a parser of times: a date, RFC 3339, or a duration before (`direction` -1) or after (1) now. */
export const parseTime =
  (direction, now = Date.now) =>
  (text) => {
    // A number without a unit could be meant as a year.
    const duration = /[smhdw]$/.test(text) ? seconds(text) : undefined;
    if (duration !== undefined) {
      const time = new Date(now() + direction * duration * 1000);
      if (!Number.isNaN(Number(time))) return time.toISOString();
    }
    if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`;
    // The service checks the rest, with its own limits.
    if (/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d/.test(text)) return text;
    throw new InvalidArgumentError("Write a date, a time such as 2027-06-30T12:00:00Z, or a duration such as 90d.");
  };

export function parseWhole(text) {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError("Write a whole number.");
  return Number(text);
}

/** Returns the value of a header. */
export function parseHeader(text) {
  if (!/^[ -~]+$/.test(text)) throw new InvalidArgumentError("Write visible ASCII characters.");
  return text;
}

/** Returns a parser of what the pattern of the description matches, such as an id. It becomes a part of a path. */
export const parseMatching = (pattern) => (text) => {
  if (!new RegExp(pattern).test(text)) throw new InvalidArgumentError(`It must match ${pattern}`);
  return text;
};

export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("Write valid JSON.");
  }
}

/** Returns a role from its text: `ROLE`, `ROLE RESOURCE` or `ROLE RESOURCE INSTANCE`; or from JSON, where a part has a space. */
export function parseRole(text) {
  if (text.startsWith("{")) return parseJson(text);
  const [role_id, resource, resource_instance, ...rest] = text.split(" ");
  if (!role_id || resource === "" || resource_instance === "" || rest.length) {
    throw new InvalidArgumentError("Write a role, or a role, a resource and an instance, separated by one space each.");
  }
  return { role_id, ...(resource && { resource }), ...(resource_instance && { resource_instance }) };
}

/** Returns the text that `parseRole` reads. */
export function roleText(role) {
  const parts = [role.role_id, role.resource, role.resource_instance].filter((part) => part !== undefined && part !== null);
  return parts.some((part) => String(part).includes(" ")) ? JSON.stringify(role) : parts.join(" ");
}

/** Returns the member and the value of `KEY=VALUE`, a text, or `KEY:=JSON`. */
export function parseTypedMember(text) {
  const [member, value] = parseMember(text);
  return member.length > 1 && member.endsWith(":") ? [member.slice(0, -1), parseJson(value)] : [member, value];
}

/** Returns the member and the value of `KEY=VALUE`. */
export function parseMember(text) {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write KEY=VALUE.");
  return [text.slice(0, at), text.slice(at + 1)];
}
