// Values for the members of bodies, for headers and for queries: valid, at a limit, and invalid. Many are the
// adversarial inputs of tests/worker (tests/adversarial/cases.json).
import { readFileSync } from "node:fs";

const cases = JSON.parse(readFileSync("tests/adversarial/cases.json", "utf8"));
const SIZE_MAX = 20_000;

/** JSON text that JSON.stringify does not write, as parts of a body (side.mjs). */
export class Raw {
  constructor(said) {
    this.parts = [said].flat();
  }
}

const size = (said) => [said].flat().reduce((sum, part) => sum + (part.times ?? 1) * (part.repeat ?? part.hex ?? part).length, 0);
const some = (list) => list.filter(({ input, value }) => size(input ?? value) < SIZE_MAX);
const texts = some(cases.texts).map(({ input, outcome }) => ({ raw: new Raw(['"', input, '"'].flat()), kept: outcome === "kept" }));
export const MEMBERS = some(cases.members).map(({ input }) => [input].flat());
export const BODIES = cases.bodies.filter(({ input }) => size(input) <= 110_000).map(({ input }) => [input].flat());
const plain = (said) => typeof said === "string";
export const QUERIES = cases.queries.map(({ input }) => input).filter(plain);
export const PATHS = cases.paths.map(({ input }) => input).filter((input) => plain(input) && !input.includes("#"));
export const TYPES = cases.types.map(({ input }) => input);
// These belong to the connection, which this client manages itself.
const HOP = ["connection", "upgrade", "expect", "te", "transfer-encoding", "content-length", "host", "trailer", "keep-alive", "range"];
export const HEADERS = cases.headers.filter(({ name, value }) => !HOP.includes(name) && plain(value));

/** A list of parts for a value: text, and the Raw values in it. */
export function parts(value) {
  const found = [];
  const text = (more) => (typeof found.at(-1) === "string" ? (found[found.length - 1] += more) : found.push(more));
  const write = (one) => {
    if (one instanceof Raw) for (const part of one.parts) typeof part === "string" ? text(part) : found.push(part);
    else if (Array.isArray(one)) {
      text("[");
      one.forEach((item, at) => (text(at ? "," : ""), write(item)));
      text("]");
    } else if (one !== null && typeof one === "object") {
      text("{");
      Object.entries(one).forEach(([name, item], at) => (text(`${at ? "," : ""}${JSON.stringify(name)}:`), write(item)));
      text("}");
    } else text(JSON.stringify(one));
  };
  write(value);
  return found;
}

// ---------------------------------------------------------------------------------------------------------------------
// Rules: how a member is valid, at its limit, invalid. Each takes the random choices and what they may refer to.

const WORDS = ["alpha", "beta", "gamma", "Delta", "deploy", "ci", "Ünïcode", "日本", "backup", "x"];
const words = (r) => Array.from({ length: 1 + r.below(3) }, () => r.pick(WORDS)).join(" ");
const wrongType = (r) => r.pick([0, 1, 1.5, true, false, [], {}, ["a"], { a: 1 }, "", "1"]);
const line = (max, least = 0) => ({
  valid: (r) => (r.chance(0.25) ? r.pick(texts.filter(({ kept }) => kept)).raw : r.chance(0.6) ? `${words(r)} ${r.below(1000)}` : words(r)),
  edge: (r) => r.pick([..."aé日😀"].map((letter) => letter.repeat(max))) + (r.chance(0.4) ? "a" : "") || (least ? "a" : ""),
  wrong: (r) => (r.chance(0.4) ? r.pick(texts).raw : r.chance(0.3) ? null : r.chance(0.3) ? "" : wrongType(r)),
});
const nullable = (rule) => ({ ...rule, valid: (r, world) => (r.chance(0.2) ? null : rule.valid(r, world)) });
const flag = { valid: (r) => r.chance(0.75), edge: (r) => r.chance(0.5), wrong: (r) => r.pick([null, 0, 1, "true", "", [], {}]) };
const whole = {
  valid: (r) => r.pick([0, 0, 60, 3600, 86_400, 7_776_000]),
  edge: (r) => r.pick([0, 1, 7_776_000, 7_776_001, -1]),
  wrong: (r) => (r.chance(0.5) ? new Raw(r.pick(cases.numbers).said) : wrongType(r)),
};
export const time = {
  valid: (r, world) => world.timeIn(r.pick([120_000, 600_000, 7_200_000, 86_400_000, 3e10])),
  edge: (r, world) => (r.chance(0.3) ? world.timeIn(r.pick([-1000, 0, 1, 1000, -86_400_000])) : new Raw(['"', r.pick(cases.times).said, '"'].flat())),
  wrong: (r) => (r.chance(0.5) ? new Raw(['"', r.pick(cases.times).said, '"'].flat()) : wrongType(r)),
};
const role = (r) => {
  const resource = r.chance(0.3) ? { resource: r.pick(["dataset", "d", "system", words(r)]) } : {};
  const instance = resource.resource && r.chance(0.5) ? { resource_instance: r.pick(["a", "b", words(r)]) } : {};
  return { ...resource, ...instance, role_id: r.weighed({ admin: 2, editor: 3, viewer: 5, auditor: 1 }) };
};
const many = (r, count) => Array.from({ length: count }, (_, at) => ({ role_id: "viewer", resource: `r${at}${r.chance(0.02) ? "" : "x"}` }));
const roles = {
  valid: (r) => (r.chance(0.08) ? null : Array.from({ length: 1 + r.below(3) }, () => role(r))),
  edge: (r) => r.pick([[], many(r, 100), many(r, 101), [{ role_id: "viewer", resource: "r".repeat(255) }], [role(r), role(r)]]),
  wrong: (r) =>
    r.pick([
      "viewer",
      {},
      [null],
      ["viewer"],
      [{}],
      [{ role_id: null }],
      [{ role_id: "owner" }],
      [{ role_id: "viewer", resource_instance: "a" }],
      [{ role_id: "viewer", resorce: "a" }],
      [{ role_id: "viewer", resource: 1, resource_instance: [] }],
      [{ role_id: "v".repeat(256) }, { role_id: "" }, { role_id: "nobody" }],
      many(r, 150).map(({ resource }) => ({ role_id: `n${resource}` })),
    ]),
};
const roleNames = {
  valid: (r) => ["admin", "editor", "viewer", ...(r.chance(0.6) ? ["auditor"] : []), ...(r.chance(0.2) ? [words(r)] : [])],
  edge: (r) => r.pick([[], ["viewer"], Array.from({ length: 100 }, (_, at) => `n${at}`), Array.from({ length: 101 }, (_, at) => `n${at}`)]),
  wrong: (r) => r.pick([null, "viewer", {}, [1], [""], [null], ["a".repeat(256)], ["a", "a"]]),
};
const metadata = {
  valid: (r) => Object.fromEntries(Array.from({ length: r.below(4) }, () => [r.pick(WORDS), r.chance(0.15) ? null : words(r)])),
  edge: (r) => Object.fromEntries(Array.from({ length: r.pick([16, 17, 32, 33, 8]) }, (_, at) => [`k${at}`, "v".repeat(r.pick([1, 500, 501, 240]))])),
  wrong: (r) => r.pick([[], "", 1, { a: 1 }, { a: {} }, { "": "a" }, { a: "\u0007" }, { ["k".repeat(256)]: "a" }]),
};
/** An id that does not exist. */
const nobody = { id: "7zzzzzzzzzzzzzzzzzzzzzzzzz", guid: "ffffffff-ffff-4fff-8fff-ffffffffffff" };
const principal = (form) => ({
  valid: (r, world) => `‹${form} ${world.principalFor(r)}›`,
  edge: (r, world) => r.pick([`‹${form} p0›`, `‹${form} ${world.anyPrincipal(r)}›`, form === "guid" ? `‹id p0›` : `‹guid p0›`]),
  wrong: (r) => r.pick([null, "", "x", 1, {}, nobody[form], nobody[form], nobody[form], "8".repeat(26)]),
});
/** Ids are never reused, so an id in use is that of an existing resource of the same kind, in the same place. */
const chosenId = (noun) => ({
  valid: (r) => r.pick([null, `${hex(r, 8)}-${hex(r, 4)}-4${hex(r, 3)}-8${hex(r, 3)}-${hex(r, 12)}`]),
  edge: (r, world) => r.pick(["00000000-0000-0000-0000-000000000000", `‹guid ${world.takenId(r, noun)}›`, `{${hex(r, 8)}-0000-0000-0000-${hex(r, 12)}}`, hex(r, 32)]),
  wrong: (r) => r.pick(["", "x", 1, {}, "0-0-0-0-0", "gggggggg-0000-0000-0000-000000000000"]),
});
const hex = (r, digits) => Array.from({ length: digits }, () => r.below(16).toString(16)).join("");
const bearer = {
  valid: (r) => r.pick([null, "", `own-token-${r.below(100_000)}-of-the-comparison`]),
  edge: (r, world) => r.pick(["x", "y".repeat(512), "z".repeat(513), `own-token-${r.below(30)}`, `‹text ${world.anySecret(r)}›`]),
  wrong: (r, world) => r.pick([1, {}, "with space", "client_x", "pstn_x", `‹broken ${world.anySecret(r)}›`, "é"]),
};
const context = {
  valid: (r) => r.pick([null, "system", "dataset:a", "dataset:b"]),
  edge: (r) => r.pick(["dataset:", `dataset:${"a".repeat(255)}`, "dataset:é", ""]),
  wrong: (r) => r.pick([1, {}, "datasets", "system:", "dataset"]),
};

const name = line(255, 1);
const description = nullable(line(500));
/** The members of a body, by face, verb and noun; `!` marks those that a valid one must have. */
export const BODIES_OF = {
  own: {
    "create credential": { "!name": name, description, enabled: flag, "!roles": roles, principal: principal("id"), expires_at: nullable(time), metadata },
    "replace credential": {
      "!name": name, description, "!enabled": flag, "!roles": roles, "!principal": principal("id"), "!expires_at": nullable(time), metadata,
    },
    "merge credential": { name, description, enabled: flag, roles, principal: principal("id"), expires_at: nullable(time), metadata },
    "create principal": { "!name": name, description, enabled: flag },
    "replace principal": { "!name": name, description, "!enabled": flag },
    "merge principal": { name, description, enabled: flag },
    "create tenant": { "!name": name, enabled: flag, rbac: flag, require_if_match: { ...flag, valid: (r) => r.chance(0.1) }, role_names: roleNames },
    "replace tenant": { "!name": name, "!enabled": flag, "!rbac": flag, "!require_if_match": { ...flag, valid: (r) => r.chance(0.1) }, "!role_names": roleNames },
    "merge tenant": { name, rbac: { ...flag, valid: () => true }, require_if_match: { ...flag, valid: (r) => r.chance(0.1) }, role_names: roleNames },
    "rotate credential": { "!grace_seconds": whole },
    "revoke credential": { reason: description },
  },
  keycard: {
    "create credential": { "!name": name, description },
    "merge credential": { name, description },
    "create principal": { "!name": name, description },
    "merge principal": { name, description },
    "create tenant": { "!name": name },
    "merge tenant": { name },
  },
  coactive: {
    "create credential": { "!name": name, roles },
    "replace credential": { name, roles, roles_context: context },
  },
  litegraph: {
    "create credential": {
      GUID: chosenId("credential"), "!UserGUID": principal("guid"), Name: name, BearerToken: bearer, Active: flag, CreatedUtc: nullable(time), LastUpdateUtc: nullable(time),
    },
    "replace credential": { "!UserGUID": principal("guid"), "!Name": name, BearerToken: bearer, Active: flag },
    "create principal": {
      GUID: chosenId("principal"), FirstName: nullable(line(255)), LastName: nullable(line(255)), Email: nullable(line(255)), Active: flag, CreatedUtc: nullable(time),
    },
    "replace principal": { FirstName: nullable(line(255)), LastName: nullable(line(255)), Email: nullable(line(255)), Active: flag },
    "create tenant": { GUID: chosenId("tenant"), "!Name": name, Active: flag, CreatedUtc: nullable(time) },
    "replace tenant": { "!Name": name, Active: { ...flag, valid: (r) => r.chance(0.95) } },
  },
};

/** A body of that kind as an object: mostly valid, otherwise with one or several invalid members. */
export function members(r, world, rules, valid = r.chance(0.7)) {
  const body = {};
  const bad = valid ? 0 : r.chance(0.6) ? 0.25 : 0.7;
  for (const [marked, rule] of Object.entries(rules)) {
    const needed = marked.startsWith("!");
    if (!(needed ? valid || r.chance(0.9) : r.chance(0.45))) continue;
    const how = r.chance(bad) ? (r.chance(0.5) ? "edge" : "wrong") : "valid";
    body[needed ? marked.slice(1) : marked] = rule[how](r, world);
  }
  if (!valid && r.chance(0.15)) body[r.pick(["nmae", "Nmae", "role", "id", "revision", "secrets", "enabeld", "x"])] = wrongType(r);
  return body;
}
