// What people and programs read. Texts from the service can be hostile: no control character of them reaches the terminal.
import stringWidth from "string-width";
import { roleText } from "./values.js";

/** Characters that move the cursor, change the terminal, or change how the text next to them reads. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Returns the text with every unsafe character as an escape. */
export const safe = (text) => String(text).replace(UNSAFE, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

/** Returns the JSON of a value, in which every unsafe character is escaped: a parser reads the same value. */
export const json = (value) =>
  JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );

const NEVER = new Set(["expires_at", "last_used_at", "revoked_at"]);

/** Returns whether a resource can be used, in a word. */
function state({ enabled, revoked_at, expires_at }, now) {
  if (revoked_at) return "revoked";
  if (expires_at && Date.parse(expires_at) <= now) return "expired";
  return enabled ? "enabled" : "disabled";
}

/** Returns the text of a value for people. `short` leaves out the parts of a second. */
function text(name, value, short = false) {
  if (value === null || value === undefined)
    return name === "roles" && value === null ? "full access" : NEVER.has(name) && value === null ? "never" : "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.map((item) => one(name, item)).join(", ") : "none";
  if (typeof value === "object") return one(name, value) || "none";
  const time = short && /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(\.\d+)?Z$/.exec(value);
  return time ? `${time[1]} ${time[2]}` : safe(value);
}

function one(name, item) {
  if (typeof item !== "object" || item === null) return safe(item);
  if ("role_id" in item) return safe(roleText(item));
  return Object.entries(item)
    .map(([key, value]) => `${safe(key)}=${text(key, value)}`)
    .join(" ");
}

/** Returns a text for each difference. Where one side did not exist, only the other is shown. */
export function differences(changes, action = "") {
  return Object.entries(changes)
    .filter(([, change]) => "added" in change || change.before !== null || change.after !== null)
    .map(([name, change]) => {
      if ("added" in change) {
        const items = [
          ["+", change.added],
          ["-", change.removed],
        ].flatMap(([sign, list]) => list.map((item) => `${sign}${one(name, item)}`));
        return `${safe(name)}: ${items.join(" ")}`;
      }
      const sides = action.endsWith("created") ? ["after"] : action.endsWith("deleted") ? ["before"] : ["before", "after"];
      return `${safe(name)}: ${sides.map((side) => text(name, change[side])).join(" -> ")}`;
    });
}

/** Returns rows of cells with aligned columns. */
export function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column]))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(widths[column] - stringWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
}

const TITLES = {
  at: "when",
  expires_at: "expires",
  last_used_at: "last used",
  created_at: "created",
  require_if_match: "if-match",
};
const CELLS = {
  state: (item, now) => state(item, now),
  changes: ({ changes, action, widened_access }) =>
    [...(widened_access ? ["WIDENED ACCESS"] : []), ...differences(changes, action)].join("; ") || "-",
};

/** Returns the lines of a table of those columns. */
export function table(columns, items, now = Date.now()) {
  const cell = (name, item) => CELLS[name]?.(item, now) ?? text(name, item[name], true);
  return align([
    columns.map((name) => (TITLES[name] ?? name.replaceAll("_", " ")).toUpperCase()),
    ...items.map((item) => columns.map((name) => cell(name, item))),
  ]);
}

/** Returns lines for the members of a response. Members that are secret are left out. */
export function details(value, without = []) {
  const rows = Object.entries(value)
    .filter(([name]) => !without.includes(name))
    .flatMap(([name, member]) => {
      const isLong = Array.isArray(member) && member.length > 0 && name === "secrets";
      const values = isLong ? member.map((item) => one(name, item)) : [text(name, member)];
      return values.map((cell, at) => [at ? "" : safe(name), cell]);
    });
  return rows.length ? align(rows) : [];
}

/** Returns what a dry run found. */
export function preview({ changes, widens_access }) {
  const lines = differences(changes);
  return [
    ...(lines.length ? lines.map((line) => `  ${line}`) : ["  no change"]),
    widens_access ? "This WIDENS access: the credential could do more than before." : "This does not widen access.",
    "Nothing was changed (dry run).",
  ];
}
