// A self-signed certificate for localhost and 127.0.0.1, valid for two days. Node can make keys, but not certificates.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

const DAY = 24 * 3600 * 1000;
/** The object identifiers in DER, without tag and length. */
const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const COMMON_NAME = "550403";
const SUBJECT_ALT_NAME = "551d11";
const BASIC_CONSTRAINTS = "551d13";

/** Returns a value in DER (X.690 §8.1): tag, length, content. */
function der(tag, ...contents) {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
const sequence = (...contents) => der(0x30, ...contents);
const identifier = (hex) => der(0x06, Buffer.from(hex, "hex"));
const octets = (...contents) => der(0x04, ...contents);
const bits = (content) => der(0x03, Buffer.from([0]), content);
const integer = (bytes) => der(0x02, bytes);
const TRUE = der(0x01, Buffer.from([0xff]));
/** A UTCTime, which has two digits of the year. */
const time = (at) => der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));

/** Returns a key and its certificate, both as PEM. */
export function selfSigned() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(identifier(ECDSA_WITH_SHA256));
  const name = sequence(der(0x31, sequence(identifier(COMMON_NAME), der(0x0c, Buffer.from("localhost")))));
  const names = sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = sequence(
    sequence(identifier(BASIC_CONSTRAINTS), TRUE, octets(sequence(TRUE))),
    sequence(identifier(SUBJECT_ALT_NAME), octets(names)),
  );
  const signed = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    // A serial number is positive.
    integer(Buffer.from([1, ...randomBytes(8)])),
    algorithm,
    name,
    sequence(time(Date.now() - DAY), time(Date.now() + DAY)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const certificate = sequence(signed, algorithm, bits(sign("sha256", signed, privateKey)));
  const lines = certificate.toString("base64").match(/.{1,64}/g).join("\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
