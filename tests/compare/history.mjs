// Converts events and dry runs to one form for comparison. Until 0ab940b, events were of credentials only, each change
// had before and after, and a creation reported every field. Since then, an event has `noun` and `id`; roles are
// reported as added and removed, unless either side is full access or does not exist; metadata by the members that
// differ; absent keys are not reported; and tenants and principals have events in the same numbering.

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const isEmpty = (value) => value === null || same(value, {});

/** A field's difference in the new form; undefined if nothing differs. */
function difference(name, { before, after, ...rest }) {
  if (before === undefined) return rest;
  if (name === "roles" && before && after) {
    const without = (left, right) => left.filter((role) => !right.some((other) => same(role, other)));
    return { added: without(after, before), removed: without(before, after) };
  }
  if (name === "metadata") {
    const without = (left, right) => Object.fromEntries(Object.entries(left ?? {}).filter(([key, value]) => right?.[key] !== value));
    [before, after] = [without(before, after), without(after, before)];
  }
  // Full access is `roles: null`, and is reported at creation and deletion.
  return name !== "roles" && isEmpty(before) && isEmpty(after) ? undefined : { before, after };
}

/** The changes of an event or a dry run in the new form. */
function changes(given) {
  const differ = Object.entries(given).map(([name, values]) => [name, difference(name, values)]);
  return Object.fromEntries(differ.filter(([, value]) => value !== undefined).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** An event in the new form, without its number. */
function event({ seq, credential, noun = "credential", id = credential, ...rest }) {
  return { noun, id, ...rest, changes: changes(rest.changes) };
}

/** The events of a tenant that both builds have: those of its credentials. */
export const ofCredentials = (items) => items.map(event).filter(({ noun }) => noun === "credential");

/** A response in comparable form. */
export function comparable({ route, path }, answer) {
  const { json, status } = answer;
  const as = (body) => ({ ...answer, whole: answer.text, json: body, text: JSON.stringify(body) });
  if (status !== 200 || route?.face !== "own" || !json) return answer;
  if (json.changes && path.includes("dry_run=")) return as({ ...json, changes: changes(json.changes) });
  if (route.verb !== "history") return answer;
  const numbered = json.items.every(({ seq }, at) => at === 0 || seq < json.items[at - 1].seq);
  // The pages of a tenant's history differ, so the whole history is compared at the end.
  if (route.noun === "tenant") return as({ numbered });
  return as({ numbered, items: json.items.map(event), more: Boolean(json.next) });
}
