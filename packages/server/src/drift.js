// What differs between a configuration and the one that this package would write now.

/** Names and ids in the account, which the user chooses. */
const CHOSEN = new Set(["name", "database_name", "namespace_id"]);

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value) => JSON.stringify(value);

/** Returns the items of a list by the name that a binding or a limit has; undefined if they have none. */
function byName(list) {
  const names = list.map((item) => isObject(item) && (item.binding ?? item.name));
  return names.length > 0 && names.every(Boolean) ? Object.fromEntries(names.map((name, at) => [name, list[at]])) : undefined;
}

/** Returns a line for each difference. What only the user's configuration has is the user's, and no difference. */
export function drift(written, own, path = "") {
  if (own === undefined) return [`${path} is missing: ${text(written)}`];
  if (isObject(written) && isObject(own))
    return Object.keys(written)
      .filter((key) => !CHOSEN.has(key))
      .flatMap((key) => drift(written[key], own[key], path ? `${path}.${key}` : key));
  if (Array.isArray(written) && Array.isArray(own)) {
    const named = byName(written);
    if (named) return drift(named, byName(own) ?? {}, path);
    const [missing, more] = [
      [written, own],
      [own, written],
    ].map(([these, those]) => these.filter((item) => !those.some((other) => text(other) === text(item))));
    return [...missing.map((item) => `${path} lacks ${text(item)}`), ...more.map((item) => `${path} also has ${text(item)}`)];
  }
  return text(written) === text(own) ? [] : [`${path} is ${text(own)}, the package has ${text(written)}`];
}
