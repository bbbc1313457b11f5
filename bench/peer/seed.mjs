// The peer's database for a measurement: the schema, a tenant with a principal, an admin as the caller, and credentials that requests
// change, each with a random secret and the event of its creation.
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS = "0123456789abcdefghijklmnopqrstuv";
const ROWS = 1000; // per statement: D1 limits a parameter to 2 MB
const SHOWN = 1000;

/** Creates the tables in an empty database. */
export async function createSchema(database) {
  const sql = readFileSync(new URL("schema.sql", import.meta.url), "utf8").replaceAll(/^--.*$/gm, "");
  await database.batch(sql.split(";\n").filter((text) => text.trim()).map((text) => database.prepare(text)));
}

/** Returns the peer's digest of a token: HMAC-SHA-256 under its key, in hex (tokens.ts). */
export const digestOf = (key, token) => createHmac("sha256", Buffer.from(key, "hex")).update(token).digest("hex");

/** Returns the statement that inserts rows like this one from ?1, a JSON list. Times are in milliseconds. */
export function insertion(table, row) {
  const columns = Object.keys(row);
  const values = columns.map((column) => `value ->> '$.${column}'`);
  return `INSERT INTO ${table} (${columns}) SELECT ${values} FROM json_each(?1)`;
}

async function insert(database, table, rows) {
  for (let from = 0; from < rows.length; from += ROWS) {
    const some = JSON.stringify(rows.slice(from, from + ROWS));
    await database.prepare(insertion(table, rows[from])).bind(some).run();
  }
}

/** Generates an id: a UUIDv7 in 26 letters. */
export function newId() {
  const hex = Date.now().toString(16).padStart(12, "0") + randomBytes(10).toString("hex");
  const bits = BigInt(`0x${hex.slice(0, 12)}7${hex.slice(13, 16)}8${hex.slice(17)}`);
  return bits.toString(32).padStart(26, "0").replace(/./g, (digit) => LETTERS[DIGITS.indexOf(digit)]);
}

/** Returns the spellings of an id in the paths of each face. */
export function spellings(id) {
  const bits = [...id].reduce((bits, letter) => (bits << 5n) | BigInt(LETTERS.indexOf(letter)), 0n);
  const guid = bits.toString(16).padStart(32, "0").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return { coactive: `client_${id}`, litegraph: guid, keycard: id };
}

/**
 * Fills an empty database. `key` is PEER_KEY, `credentials` their number. Returns the admin's token, and the ids of the tenant, the
 * principal and up to a thousand credentials, each as `{ coactive, litegraph, keycard }`; the tenant also has its `label`.
 */
export async function seed(database, { key, credentials }) {
  await createSchema(database);
  const at = Date.now();
  const times = { created_at: at, updated_at: at };
  const [tenant, principal, admin] = [newId(), newId(), newId()];
  const token = `peer_${randomBytes(32).toString("hex")}`;
  const roles = [{ role_id: "viewer" }];
  const role_names = ["admin", "editor", "viewer"];
  const ids = Array.from({ length: credentials }, newId);
  const of = (id) => ({ id, tenant_id: tenant, principal_id: principal, ...times });
  const secret = (credential_id, token) => ({
    id: newId(),
    tenant_id: tenant,
    credential_id,
    digest: digestOf(key, token),
    created_at: at,
  });
  const created = ({ id, name, roles }) => ({
    tenant_id: tenant,
    credential_id: id,
    revision: 1,
    action: "created",
    actor: admin,
    request_id: "seed",
    changes: { name: { before: null, after: name }, roles: { before: null, after: roles } },
    widened: false,
    created_at: at,
  });

  await insert(database, "tenants", [{ id: tenant, label: "bench", name: "bench", rbac: true, role_names, ...times }]);
  await insert(database, "principals", [{ id: principal, tenant_id: tenant, name: "bench", ...times }]);
  const all = [
    { ...of(admin), name: "admin", roles: [{ role_id: "admin" }] },
    ...ids.map((id, number) => ({ ...of(id), name: `credential ${number}`, roles })),
  ];
  await insert(database, "credentials", all);
  await insert(database, "secrets", [secret(admin, token), ...ids.map((id) => secret(id, randomBytes(32).toString("hex")))]);
  await insert(database, "events", all.map(created));
  return {
    token,
    tenant: { ...spellings(tenant), label: "bench" },
    principal: spellings(principal),
    ids: ids.slice(0, SHOWN).map(spellings),
  };
}
