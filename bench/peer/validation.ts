// The violations that zod finds in a body, in one order, and as sentences. Coactive has its own texts.
import * as z from "zod";

/** A zod issue. Violations that only the database can detect are custom issues with a rule. */
export type Violation = z.core.$ZodIssue;

/** Returns the schema of a text with limits in code points (zod counts UTF-16 units), without control characters. */
export const text = (max: number, min = 1) =>
  z.string().superRefine((value, context) => {
    const length = value.length > max ? [...value].length : value.length;
    if (length < min) {
      context.addIssue({ code: "too_small", origin: "string", minimum: min, inclusive: true, input: value });
    } else if (length > max) {
      context.addIssue({ code: "too_big", origin: "string", maximum: max, inclusive: true, input: value });
    } else if (/\p{Cc}/u.test(value)) {
      context.addIssue(broken("control"));
    }
  });

export const broken = (rule: string, path: PropertyKey[] = [], more: object = {}) =>
  ({ code: "custom" as const, message: rule, path, input: undefined, params: { rule, ...more } }) satisfies Violation;

export const ruleOf = (violation: Violation): string | undefined =>
  violation.code === "custom" ? violation.params?.rule : undefined;

export interface Said<Body> {
  /** The fields without violations. */
  body: Partial<Body>;
  violations: Violation[];
  /** Returns whether a field has a violation. */
  breaks(field: string): boolean;
}

/** Reads a body. With violations, returns the valid part, so that the database can add the violations that only it detects. */
export function read<Shape extends z.ZodRawShape, Body = z.infer<z.ZodObject<Shape>>>(
  schema: z.ZodObject<Shape>,
  body: object,
): Said<Body> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return { body: parsed.data as Partial<Body>, violations: [], breaks: () => false };
  const wrong = new Set(parsed.error.issues.map(({ path: [field] }) => field));
  const fields = Object.entries<z.core.$ZodType>(schema.shape).filter(([field]) => !wrong.has(field));
  const said = body as Record<string, unknown>;
  const readable = fields.map(([field, rule]) => [field, z.safeParse(rule, said[field]).data]);
  const rest: Partial<Body> = Object.fromEntries(readable);
  return { body: rest, violations: parsed.error.issues, breaks: (field) => wrong.has(field) };
}

const ROLE = ["role_id", "resource", "resource_instance"];

/** Sorts violations by field, and within a list by item. */
export function inOrder(violations: Violation[], fields: string[]): Violation[] {
  const place = ({ path: [field, index, member] }: Violation) => [
    fields.indexOf(String(field)),
    index === undefined ? -1 : Number(index),
    ROLE.indexOf(String(member)),
  ];
  return violations
    .map((violation) => ({ violation, place: place(violation) }))
    .sort((left, right) => left.place.map((at, depth) => at - (right.place[depth] ?? 0)).find((by) => by !== 0) ?? 0)
    .map(({ violation }) => violation);
}

/** Returns the value at the location of a violation. */
export const valueAt = (body: object, { path }: Violation): unknown =>
  path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step], body);

const TYPES: Record<string, string> = { string: "a string", boolean: "true or false" };

/** Renders a violation as a sentence that names the member: LiteGraph's and Keycard's errors are plain text. */
export function sentence(violation: Violation, body: object): string {
  const word = String(violation.path[0]);
  const value = valueAt(body, violation);
  switch (violation.code) {
    case "invalid_type":
      if (value === undefined) return `${word} is required.`;
      if (value === null) return `${word} cannot be null.`;
      return `${word} must be ${TYPES[violation.expected]}.`;
    case "too_small":
      return `${word} must have at least ${violation.minimum} character(s).`;
    case "too_big":
      return `${word} must have at most ${violation.maximum} characters.`;
  }
  switch (ruleOf(violation)) {
    case "control":
      return `${word} must not contain control characters.`;
    case "id":
      return `${word} is not a valid id.`;
    case "token":
      return `${word} must be 1 to 512 visible ASCII characters without spaces.`;
    case "client":
      return `${word} must not begin with client_ and contain a colon.`;
    default:
      return violation.message;
  }
}
