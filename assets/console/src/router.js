// The pages by the fragment of the URL, which browsers do not send to the server. It never contains a token.
import { useEffect, useState } from "preact/hooks";

const ID = "([0-7][0-9a-hjkmnp-tv-z]{25})";
const PAGES = [
  ["", "overview"],
  ["/credentials", "credentials"],
  ["/credentials/new", "create"],
  [`/credentials/${ID}`, "credential"],
  [`/credentials/${ID}/edit`, "edit"],
  [`/credentials/${ID}/history`, "history"],
  ["/principals", "principals"],
  [`/principals/${ID}/history`, "principalHistory"],
  ["/history", "tenantHistory"],
].map(([path, page]) => [RegExp(`^${path}/?$`), page]);

/** Returns the page that a fragment names, with its id and its query. Ids that do not have the form of one name no page. */
export function route(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  for (const [pattern, page] of PAGES) {
    const match = pattern.exec(path);
    if (match) return { page, id: match[1], query: Object.fromEntries(new URLSearchParams(query)) };
  }
  return { page: "missing", query: {} };
}

/** The link to a page. Empty parameters are omitted. */
export function link(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  return given.length ? `#${path}?${new URLSearchParams(given)}` : `#${path}`;
}

export function useHash() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    // It may have changed before this effect ran.
    changed();
    return () => removeEventListener("hashchange", changed);
  }, []);
  return hash;
}
