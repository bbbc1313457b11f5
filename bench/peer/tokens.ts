// Tokens: their syntax, their keyed digest, and the sealed form of those that LiteGraph reveals again.

export interface Keys {
  digest: CryptoKey;
  seal: CryptoKey;
}

let imported: { hex: string; keys: Keys } | undefined;

/** Derives the keys from PEER_KEY, once per isolate. */
export async function keysOf(hex: string): Promise<Keys> {
  if (imported?.hex === hex) return imported.keys;
  const master = fromHex(hex);
  if (master?.length !== 32) throw new Error("PEER_KEY has to be 32 bytes in hex");
  const digest = await crypto.subtle.importKey("raw", master, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const parent = await crypto.subtle.importKey("raw", master, "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new TextEncoder().encode("seal") };
  const seal = await crypto.subtle.deriveKey(hkdf, parent, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  imported = { hex, keys: { digest, seal } };
  return imported.keys;
}

export const isToken = (text: string) => /^[\x21-\x7e]{1,512}$/.test(text);

/** Returns the HMAC-SHA-256 of a token in hex, which is stored and used to find it. */
export async function digestOf(keys: Keys, token: string): Promise<string> {
  return toHex(await crypto.subtle.sign("HMAC", keys.digest, new TextEncoder().encode(token)));
}

export async function seal(keys: Keys, credentialId: string, token: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = await crypto.subtle.encrypt(gcm(iv, credentialId), keys.seal, new TextEncoder().encode(token));
  return `${toHex(iv.buffer)}.${toHex(text)}`;
}

export async function open(keys: Keys, credentialId: string, sealed: string): Promise<string> {
  const [iv, text] = sealed.split(".").map(fromHex);
  if (!iv || !text) throw new Error("a sealed token that cannot be read");
  return new TextDecoder().decode(await crypto.subtle.decrypt(gcm(iv, credentialId), keys.seal, text));
}

// A sealed token can be opened only for its own credential.
const gcm = (iv: Uint8Array, credentialId: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: new TextEncoder().encode(credentialId),
});

const toHex = (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

function fromHex(text: string): Uint8Array | undefined {
  if (!/^([0-9a-f]{2})+$/i.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, place) => parseInt(text.slice(2 * place, 2 * place + 2), 16));
}
