// Maps the ids, secrets and tokens of one build to those of the other: pairs are recorded at their first occurrence,
// and checked from then on, in every spelling.

const ID = "[0-7][0-9a-hjkmnp-tv-z]{25}";
const ALONE = `(?<![0-9A-Za-z])${ID}(?![0-9A-Za-z])`;
// Values that differ between two runs of the same requests. A cursor is a checksum, an id, and a time in hexadecimal microseconds
// or a name.
const VOLATILE = new RegExp(
  [
    `pstn_at_(?<access>${ID})_(?<made>\\d+)_(?<end>\\d+)_[0-9a-z]+_[0-9a-z]+`,
    `pstn_(?<secret>${ID})_[0-9a-z]+_[0-9a-z]+`,
    "(?<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})",
    `(?<id>${ALONE}|(?<![0-9A-Za-z])${ID}(?=[0-9a-f]{11,14}(?![0-9A-Za-z])|n[A-Za-z0-9_-]))`,
    '(?<=(?<![0-9A-Za-z])[0-7][0-9a-hjkmnp-tv-z]{25})(?<hex>[0-9a-f]{11,14})(?![0-9A-Za-z])',
    "(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3,6}Z)",
    '(?<="hint":")(?<hint>[0-9a-z]{4})(?=")',
    '(?<="TotalMs":)(?<milliseconds>[0-9.e-]+)',
  ].join("|"),
  "g",
);
// The checksum of a cursor, which is over its list's path; older builds have none.
const CHECKSUM = new RegExp(`(?<![0-9A-Za-z])[0-9a-z]{7}(?=${ID}(?:[0-9a-f]{11,14}(?![0-9A-Za-z])|n[A-Za-z0-9_-]))|(?<="next":")[0-9a-z]{7}(?=\\d+")`, "g");
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";

export function toGuid(id) {
  const bits = [...id].reduce((sum, letter) => (sum << 5n) | BigInt(LETTERS.indexOf(letter)), 0n);
  return bits.toString(16).padStart(32, "0").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export function fromGuid(guid) {
  const bits = BigInt(`0x${guid.replaceAll("-", "")}`);
  return Array.from({ length: 26 }, (_, at) => LETTERS[Number((bits >> BigInt(125 - 5 * at)) & 31n)]).join("");
}

/** A text as literals separated by volatile parts: `{literals, parts}`; a part is `{kind, value}`. */
function split(text) {
  text = text.replace(CHECKSUM, "");
  const [literals, parts] = [[], []];
  let from = 0;
  for (const match of text.matchAll(VOLATILE)) {
    const [[kind, found]] = Object.entries(match.groups).filter(([name, value]) => value !== undefined && name !== "made" && name !== "end");
    literals.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (kind === "access") parts.push({ kind, value: found, exact: `${match.groups.made} ${match.groups.end}` });
    else if (kind === "secret") parts.push({ kind, value: match[0] });
    else if (kind === "guid") parts.push({ kind: "id", value: fromGuid(found), spelling: "guid" });
    else if (kind === "hex") parts.push({ kind: "time", value: Number.parseInt(found, 16) / 1000, spelling: "hex" });
    else if (kind === "time") parts.push({ kind, value: Date.parse(found), text: found, spelling: String(found.length) });
    else parts.push({ kind, value: found });
  }
  literals.push(text.slice(from));
  return { literals, parts };
}

export class Pairs {
  /** By kind: old to new, new to old, and the name of each old one. */
  #kinds = {};
  /** Real times from here on, in milliseconds, belong to the builds' set-up; times of requests are exact (front.mjs). */
  #setUp = Date.now() - 15 * 60_000;

  #of(kind) {
    return (this.#kinds[kind] ??= { forth: new Map(), back: new Map(), names: new Map() });
  }

  /** Whether the pair agrees with earlier ones; records a new pair. */
  pair(kind, old, now) {
    const { forth, back, names } = this.#of(kind);
    if (!forth.has(old) && !back.has(now)) {
      forth.set(old, now);
      back.set(now, old);
      names.set(old, `${kind} ${names.size + 1}`);
    }
    return forth.get(old) === now;
  }

  #agree(old, now) {
    if (old.kind !== now.kind || old.spelling !== now.spelling) return false;
    if (old.kind === "hint" || old.kind === "milliseconds") return true;
    // Times are equal to the microsecond, except those of the creation of the first tenant.
    if (old.kind === "time") {
      if ((old.text ?? old.value) === (now.text ?? now.value)) return true;
      const real = (time) => time >= this.#setUp && time <= Date.now();
      return real(old.value) && real(now.value) && this.pair("time", Math.floor(old.value), Math.floor(now.value));
    }
    if (old.kind === "access") return old.exact === now.exact && this.pair("id", old.value, now.value);
    if (old.kind === "secret") {
      const [id, other] = [old, now].map(({ value }) => value.split("_")[1]);
      if (!this.pair("id", id, other)) return false;
    }
    return this.pair(old.kind, old.value, now.value);
  }

  /** Compares two texts. Returns null, or the problem: `text` where they differ, `pairing` where an id has another partner. */
  compare(oldText, newText) {
    const [old, now] = [split(oldText), split(newText)];
    if (old.literals.length !== now.literals.length || old.literals.some((text, at) => text !== now.literals[at])) return "text";
    const apart = old.parts.filter((part, at) => !this.#agree(part, now.parts[at]));
    if (!apart.length) return null;
    return apart.some(({ kind }) => kind === "time") ? "text" : "pairing";
  }

  /** The text with a name for each volatile part, for printing: without any secret. */
  name(side, text) {
    const { literals, parts } = split(text);
    const named = ({ kind, value, text: time }) => {
      if (kind === "time") return time ?? "‹time›";
      if (kind === "hint" || kind === "milliseconds") return `‹${kind}›`;
      if (kind === "access") return "‹access token›";
      const { back, names } = this.#of(kind);
      return `‹${names.get(side === "old" ? value : back.get(value)) ?? `another ${kind}`}›`;
    };
    return literals.map((literal, at) => literal + (at < parts.length ? named(parts[at]) : "")).join("");
  }
}
