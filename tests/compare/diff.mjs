// The differences between the two builds' responses to one request.

const IGNORED = ["server-timing", "content-length"];
const SECRETS = /"(BearerToken|client_secret|secret|access_token|token)":"(?!‹)[^"]*"/g;

/** A text in printable form: short, without secrets. */
export const printed = (text, length = 90) => {
  const masked = text.replaceAll(SECRETS, '"$1":"‹secret›"').replaceAll(/\s+/g, " ");
  return masked.length > length ? `${masked.slice(0, length)}…` : masked;
};

/** Every difference as `{what, old, now}`. */
export function differences(pairs, old, now, { rowsRead }) {
  const found = [];
  const differs = (what, one, other) => found.push({ what, old: printed(String(one)), now: printed(String(other)) });
  if (old.status !== now.status) differs("status", told(old), told(now));
  else {
    headers(pairs, old, now, differs);
    body(pairs, old, now, differs);
  }
  const [one, other] = [timing(old), timing(now)];
  for (const [what, value] of Object.entries(one)) {
    if (what === "rows_read" && !rowsRead) continue;
    // As counted, where the response does not report the same.
    const said = what.replace(" counted", "").replace("rows written", "rows_written");
    if (said !== what && one[said] !== other[said]) continue;
    if (value !== other[what]) differs(what.replace("_", " "), value, other[what]);
  }
  return found;
}

/** The status, with the error code. */
function told({ status, json }) {
  const code = json?.code ?? json?.error ?? (Array.isArray(json?.detail) ? json.detail[0]?.type : json?.detail);
  return code && status >= 400 ? `${status} ${code}` : status;
}

function headers(pairs, old, now, differs) {
  const byName = ({ headers }) => {
    const all = new Map();
    for (const [name, value] of headers) if (!IGNORED.includes(name)) all.set(name, [...(all.get(name) ?? []), value]);
    return all;
  };
  const [one, other] = [byName(old), byName(now)];
  for (const name of new Set([...one.keys(), ...other.keys()])) {
    const [left, right] = [one, other].map((all) => all.get(name)?.join(" and "));
    if (left === undefined || right === undefined) {
      differs(`header ${name}`, left === undefined ? "absent" : pairs.name("old", left), right === undefined ? "absent" : pairs.name("new", right));
      continue;
    }
    const wrong = pairs.compare(left, right);
    if (wrong) differs(`header ${name}${wrong === "pairing" ? ", of another thing" : ""}`, pairs.name("old", left), pairs.name("new", right));
  }
  const length = ({ header, text, whole = text }) => (header?.("content-length") === undefined ? "absent" : Number(header("content-length")) === Buffer.byteLength(whole) ? "the body's" : "another");
  if (old.text && length(old) !== length(now)) differs("header content-length", length(old), length(now));
}

function body(pairs, old, now, differs) {
  const wrong = pairs.compare(old.text, now.text);
  if (!wrong) return;
  let found = 0;
  const leaf = (path, one, other) => {
    if (++found > 5) return;
    const hidden = /(BearerToken|secret|access_token|\/token)$/.test(path);
    const name = (side, value) => (value === undefined ? "absent" : hidden ? "‹secret›" : pairs.name(side, JSON.stringify(value)));
    differs(`body ${path}`, name("old", one), name("new", other));
  };
  const walk = (path, one, other) => {
    if (Array.isArray(one) && Array.isArray(other)) {
      if (one.length !== other.length) leaf(`${path}/length`, one.length, other.length);
      for (let at = 0; at < Math.min(one.length, other.length); at++) walk(`${path}/*`, one[at], other[at]);
    } else if (one && other && typeof one === "object" && typeof other === "object" && Array.isArray(one) === Array.isArray(other)) {
      for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) walk(`${path}/${name}`, one[name], other[name]);
    } else if (one === undefined || other === undefined || pairs.compare(JSON.stringify(one), JSON.stringify(other))) leaf(path, one, other);
  };
  if (old.json !== undefined && now.json !== undefined) walk("", old.json, now.json);
  // The same members in another order, or not JSON.
  if (!found) differs(wrong === "pairing" ? "body, of another thing" : "body text", pairs.name("old", old.text), pairs.name("new", now.text));
}

/** Round trips and rows, as reported by the response and as counted. */
function timing({ header, cost }) {
  const said = header?.("server-timing");
  const [, trips, , rows_written] = said?.match(/trips=(\d+) rows_read=(\d+) rows_written=(\d+)/) ?? [];
  const { answered, whole } = cost ?? {};
  return {
    "Server-Timing": said?.replaceAll(/=\d+/g, "=N"),
    "trips": trips,
    rows_written,
    "trips counted": answered?.trips,
    "rows written counted": answered?.rows_written,
    "trips deferred": whole && whole.trips - answered.trips,
    "rows written deferred": whole && whole.rows_written - answered.rows_written,
    rows_read: answered?.rows_read,
  };
}

/** Hints of secrets in a response that match none of the known secrets. */
export class Hints {
  #known = new Map();

  wrong({ text, json }) {
    for (const [, id, random] of text.matchAll(/pstn_([0-9a-z]{26})_([0-9a-z]+)_[0-9a-z]+/g)) this.#known.set(id, random.slice(-4));
    const wrong = [];
    const walk = (value) => {
      if (value === null || typeof value !== "object") return;
      if (typeof value.hint === "string" && this.#known.has(value.id) && this.#known.get(value.id) !== value.hint) wrong.push(value.id);
      Object.values(value).forEach(walk);
    };
    walk(json);
    return wrong.length;
  }
}
