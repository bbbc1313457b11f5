// The flags of an operation, derived from the description: each member of the body, each query parameter and each header. A new
// member of the description becomes a flag by its schema.
import { Option } from "commander";
import { resolve } from "./description.js";
import { parseHeader, parseJson, parseMember, parseRole, parseSeconds, parseTime, parseTypedMember, parseWhole } from "./values.js";

/** Members that have a secret never become a flag: other users of the machine can read the arguments of a program. */
const isSecret = (name) => /(^|_)(secret|token|password|key|assertion)$/.test(name);
/** Parameters that are set or absent. */
const SWITCHES = new Set(["dry_run", "force"]);
/** Have no effect in the service, or only beside a member that never becomes a flag. */
const WITHOUT_EFFECT = new Set(["token_type_hint", "client_assertion_type"]);

const dashed = (name) => name.replaceAll("_", "-").toLowerCase();

/** Returns the text of a description in one line, without the marks of code. */
export const plain = (text = "") => text.replaceAll("`", "").replace(/\s+/g, " ").trim();

/** A flag that can be given several times. */
const repeated = (parse) => (text, before) => [...(Array.isArray(before) ? before : []), parse(text)];
const identity = (text) => text;

const types = (schema) => [schema.type ?? []].flat();
const choices = (schema) => (schema.anyOf ?? [schema]).map(resolve);

function option(name, argument, text, parse) {
  const made = new Option(`--${name}${argument ? ` <${argument}>` : ""}`, text);
  return parse ? made.argParser(parse) : made;
}

/** A flag that sends one fixed value. */
const constant = (name, text, value) => ({ option: option(name, "", text), value: () => value });
const given = (made) => ({ option: made, value: identity });

/** Returns the flags of a body's member or of a parameter. Each has the commander option, and the value to send. */
function flagsOf(name, schema, text) {
  const flag = dashed(name);
  const form = choices(schema).find((one) => !types(one).includes("null") || types(one).length > 1) ?? schema;
  const kind = types(form).find((type) => type !== "null");
  if (schema.enum?.length === 1) return [constant(flag, text, schema.enum[0])];
  if (schema.enum) return [given(option(flag, "value", text).choices(schema.enum))];
  if (kind === "boolean") {
    const on = constant(flag, text, true);
    return SWITCHES.has(name) ? [on] : [on, constant(`no-${flag}`, `The opposite of --${flag}.`, false)];
  }
  if (kind === "integer") {
    const isDuration = name.endsWith("_seconds");
    return [given(option(flag, isDuration ? "duration" : "number", text, isDuration ? parseSeconds : parseWhole))];
  }
  if (form.format === "date-time") return [given(option(flag, "time", text, parseTime(name.endsWith("_since") ? -1 : 1)))];
  if (kind === "array") {
    const item = resolve(form.items);
    const parse = types(item).includes("object") ? parseJson : identity;
    const argument = parse === parseJson ? "json" : "value";
    const empty = form.minItems ? [] : [constant(`no-${flag}`, `No ${flag}: an empty list.`, [])];
    return [given(option(flag, argument, `${text} Can be given several times.`, repeated(parse))), ...empty];
  }
  if (kind === "object" && form.additionalProperties) {
    const isTyped = choices(form.additionalProperties).length > 1;
    const how = isTyped ? " KEY:=JSON for an integer or a boolean." : "";
    const parse = isTyped ? parseTypedMember : parseMember;
    const made = option(flag, "key=value", `${text}${how} Can be given several times.`, repeated(parse));
    return [{ option: made, value: Object.fromEntries }];
  }
  if (kind === "string") return [given(option(flag, form.pattern?.includes("[0-7]") ? "id" : "text", text))];
  return [given(option(flag, "json", text, parseJson))];
}

const isNullable = (schema) => choices(schema).some((form) => types(form).includes("null"));

const NEEDS = {
  all: "A role that the token must have.",
  any: "A role of which the token must have at least one.",
};

/** Flags that say more than those of the schema would. */
const BY_HAND = {
  roles: () => [
    given(
      option(
        "role",
        "role",
        'A role in the tenant\'s own APIs: ROLE, "ROLE RESOURCE" or "ROLE RESOURCE INSTANCE"; or JSON. Can be given several times.',
        repeated(parseRole),
      ),
    ),
    constant("no-roles", "No role at all.", []),
    // Not --clear-roles, which could be read as the opposite.
    constant("full-access", "Every role of the tenant, also later ones.", null),
  ],
  needs: () =>
    Object.entries(NEEDS).map(([which, text]) => ({
      option: option(which, "role", `${text} Spelled as in credentials create. Can be given several times.`, repeated(parseRole)),
      value: (roles) => ({ [which]: roles }),
    })),
};

/** Makes the flags of one member exclude each other, so that none is ignored. */
function excluding(flags) {
  const names = flags.map((flag) => flag.option.attributeName());
  for (const [at, flag] of flags.entries())
    flag.option.conflicts(names.filter((name, other) => other !== at && name !== names[at]));
  return flags;
}

/** Returns a field: where it is sent, and its flags. */
export function field(place, name, schema, text, { patch = false } = {}) {
  const made = place === "body" && BY_HAND[name] ? BY_HAND[name]() : flagsOf(name, schema, text);
  const flags = [...made];
  if (place === "body" && !BY_HAND[name] && isNullable(schema))
    flags.push(constant(`clear-${dashed(name)}`, `Sends null: no ${dashed(name)}.`, null));
  excluding(flags);
  // A patch merges an object member by member: null removes one. It can be given together with the members that it adds.
  const form = choices(schema).find((one) => types(one).includes("object"));
  if (patch && form?.additionalProperties && types(resolve(form.additionalProperties)).includes("null")) {
    const made = option(
      `remove-${dashed(name)}`,
      "key",
      `Removes this member of ${dashed(name)}. Can be given several times.`,
      repeated(identity),
    );
    flags.push({ option: made, value: (keys) => Object.fromEntries(keys.map((key) => [key, null])), merges: true });
  }
  return { place, name, flags };
}

/** Returns the fields of an operation that have flags. */
export function fieldsOf(operation, { without = [] } = {}) {
  const patch = operation.method === "PATCH";
  const body = Object.entries(operation.body?.schema.properties ?? {})
    .map(([name, schema]) => [name, resolve(schema)])
    .filter(([name, schema]) => !schema.readOnly && (!isSecret(name) || schema.type === "boolean") && !WITHOUT_EFFECT.has(name) && !without.includes(name))
    .map(([name, schema]) => field("body", name, schema, plain(schema.description), { patch }));
  const query = operation.query
    .filter(({ name }) => !without.includes(name))
    .map(({ name, schema, description }) => field("query", name, resolve(schema), plain(description)));
  const headers = operation.headers
    // A secret. Idempotency-Key is none, whatever its name.
    .filter(({ name }) => name !== "Postern-Verifier")
    .map(({ name, description }) => ({
      place: "header",
      name,
      flags: [given(option(dashed(name), "value", plain(description), parseHeader))],
    }));
  return [...body, ...query, ...headers];
}

/** Returns the values of the fields whose flags were given to the command, as `{body, query, header}`. */
export function valuesOf(fields, command) {
  const values = { body: {}, query: {}, header: {} };
  for (const { place, name, flags } of fields) {
    for (const { option, value, merges } of flags) {
      const attribute = option.attributeName();
      if (command.getOptionValueSource(attribute) !== "cli") continue;
      const found = command.getOptionValue(attribute);
      // --no-x and --x are one attribute of commander, which is false or not.
      if (option.negate !== (found === false)) continue;
      const sent = value(found);
      values[place][name] = merges ? { ...values[place][name], ...sent } : sent;
    }
  }
  return values;
}

/** Returns how people name a field: its flags. */
export const flagNames = ({ flags }) => flags.map(({ option }) => option.long).join(", ");
