// The spellings of an id: 26 characters of Crockford's base32 (in the database), a GUID, and client_… .

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isId = (text: string) => /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text);
export const toClient = (id: string) => `client_${id}`;

export function fromClient(text: string): string | undefined {
  const id = text.startsWith("client_") ? text.slice("client_".length) : "";
  return isId(id) ? id : undefined;
}

export function toGuid(id: string): string {
  let bits = 0n;
  for (const letter of id) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(letter));
  return bits.toString(16).padStart(32, "0").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Parses a GUID in any of the usual forms. */
export function fromGuid(text: string): string | undefined {
  const guid = text.toLowerCase().replace(/^\{(.*)\}$/, "$1").replace(/^urn:uuid:/, "");
  if (!GUID.test(guid) && !/^[0-9a-f]{32}$/.test(guid)) return undefined;
  const digits = BigInt(`0x${guid.replaceAll("-", "")}`).toString(32).padStart(26, "0");
  return digits.replace(/./g, (digit) => ALPHABET.charAt(parseInt(digit, 32)));
}

/** Returns whether a text is a hyphenated GUID, as `X-Client-Request-ID` requires. */
export const isGuid = (text: string) => GUID.test(text.toLowerCase());
