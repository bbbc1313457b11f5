// The list of credentials, with the filters of the API, which are in the URL.
import { useState } from "preact/hooks";
import { CredentialLink, Facts, Heading, Loaded, Problem, Roles, States, Time, useAction, useLoad, useSession } from "./parts.jsx";
import { link } from "./router.js";

const FILTERS = ["name_prefix", "role", "principal", "enabled", "expires_before", "unused_since", "unrotated_since", "sort"];
const DATES = ["expires_before", "unused_since", "unrotated_since"];
// A page with filters can be short or empty, so several are read until there are enough items.
const ENOUGH = 50;
const MOST_PAGES = 8;

async function read(session, path, query, cursor) {
  const items = [];
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const { data } = await session.send("GET", session.tenant + path, { query: { ...query, limit: 50, ...(cursor && { cursor }) } });
    items.push(...data.items);
    cursor = data.next;
    if (!cursor || items.length >= ENOUGH) break;
  }
  return { items, next: cursor };
}

/** Calls `children` with the items of a list that are loaded so far; below them, a button loads more. */
export function Pages({ path, query = {}, children }) {
  const session = useSession();
  const { run, busy, problem } = useAction();
  const list = useLoad(() => read(session, path, query));
  const more = ({ items, next }) =>
    run(async () => {
      const page = await read(session, path, query, next);
      list.replace({ items: [...items, ...page.items], next: page.next });
    });
  return (
    <Loaded from={list}>
      {(data) => (
        <>
          {children(data.items, data.next)}
          <Problem problem={problem} />
          {data.next && (
            <button type="button" disabled={busy} onClick={() => more(data)}>
              Show more
            </button>
          )}
        </>
      )}
    </Loaded>
  );
}

function Filters({ query }) {
  const session = useSession();
  const tenant = useLoad(async () => (await session.send("GET", session.tenant)).data);
  const [open, setOpen] = useState(FILTERS.some((name) => query[name]));
  const submit = (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    for (const name of DATES) if (given[name]) given[name] += "T00:00:00Z";
    location.hash = link("/credentials", given);
  };
  const date = (name, text) => (
    <label>
      {text}
      <input type="date" name={name} value={query[name]?.slice(0, 10)} min="1970-01-01" max="2254-12-31" />
    </label>
  );
  return (
    <details open={open} onToggle={(event) => setOpen(event.target.open)}>
      <summary>Filters</summary>
      <form class="filters" onSubmit={submit}>
        <label>
          Name begins with
          <input name="name_prefix" value={query.name_prefix} autocomplete="off" />
        </label>
        <label>
          Role
          <select name="role" key={tenant.data?.revision}>
            <option value="">any</option>
            {[...new Set([...(tenant.data?.role_names ?? []), ...(query.role ? [query.role] : [])])].map((name) => (
              <option selected={query.role === name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Principal (id)
          <input name="principal" value={query.principal} autocomplete="off" />
        </label>
        <label>
          State
          <select name="enabled">
            <option value="">any</option>
            <option value="true" selected={query.enabled === "true"}>
              enabled
            </option>
            <option value="false" selected={query.enabled === "false"}>
              disabled
            </option>
          </select>
        </label>
        {date("expires_before", "Expires before (UTC)")}
        {date("unused_since", "Not used since (UTC)")}
        {date("unrotated_since", "Not rotated since (UTC)")}
        <label>
          Order
          <select name="sort">
            {[
              ["", "default"],
              ["created", "oldest first"],
              ["-created", "newest first"],
              ["name", "by name"],
              ["-name", "by name, reversed"],
            ].map(([value, text]) => (
              <option value={value} selected={query.sort === value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <p class="buttons">
          <button class="primary">Apply</button>
          <a href={link("/credentials")}>Clear</a>
        </p>
      </form>
    </details>
  );
}

export function CredentialRows({ credentials }) {
  return (
    <ul class="rows">
      {credentials.map((credential) => (
        <li key={credential.id}>
          <p class="first">
            <CredentialLink credential={credential} /> <States credential={credential} />
          </p>
          <Facts
            facts={[
              ["Access", credential.access],
              ["Roles", <Roles roles={credential.roles} />],
              ["Expires", <Time>{credential.expires_at}</Time>],
              ["Last used", <Time>{credential.last_used_at}</Time>],
            ]}
          />
        </li>
      ))}
    </ul>
  );
}

export function Credentials({ query }) {
  const session = useSession();
  // Other parameters, which a link could have, are not sent.
  const filters = Object.fromEntries(Object.entries(query).filter(([name, value]) => FILTERS.includes(name) && value));
  return (
    <>
      <div class="title">
        <Heading title="Credentials" />
        {session.mayManage && (
          <a class="button primary" href={link("/credentials/new")}>
            Create a credential
          </a>
        )}
      </div>
      <Filters query={filters} />
      <Pages path="/credentials" query={filters}>
        {(items, next) => (
          <>
            {!items.length && <p>{next ? "No credential matches so far." : "No credentials."}</p>}
            <CredentialRows credentials={items} />
          </>
        )}
      </Pages>
    </>
  );
}
