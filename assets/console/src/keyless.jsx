// How a credential logs in without its secret: public keys, and issuers that it trusts. They are added by the command line or the API.
import { useState } from "preact/hooks";
import { Facts, Problem, Text, Time, useAction, useLoad, useSession } from "./parts.jsx";

const KINDS = { keys: "key", trusts: "trust" };

/** The facts about a key. */
const ofKey = ({ jwk }) => [
  ["Type", [jwk.kty, jwk.crv].filter(Boolean).join(" ")],
  ["Name (kid)", <Text>{jwk.kid}</Text>],
];

/** The facts about a trust: what a token of the issuer must say. */
const ofTrust = (trust) => [
  ["Subject", <Text>{trust.subject}</Text>],
  ["Audience", <Text>{trust.audience}</Text>],
  ...Object.entries(trust.claims).map(([name, value]) => [<>Claim: <Text>{name}</Text></>, <Text>{JSON.stringify(value)}</Text>]),
  ["Keys", trust.jwks ? "in the trust" : "fetched from the issuer"],
  ["Accepts a token", trust.once ? "once" : "until it expires"],
];

const WARNINGS = {
  shared_audience: "tokens for another service are accepted",
  open_prefix: "the subject's prefix ends within a name",
};

function Item({ kind, item, remove, problem, busy }) {
  const [asks, setAsks] = useState(false);
  const facts = [
    ...(kind === "keys" ? ofKey(item) : ofTrust(item)),
    ["Added", <Time>{item.created_at}</Time>],
    ["Ends", <Time none="with the credential">{item.expires_at}</Time>],
    ["Id", <code>{item.id}</code>],
  ];
  const title = `Remove the ${KINDS[kind]}`;
  return (
    <li>
      <p class="first">
        {kind === "trusts" ? <Text>{item.issuer}</Text> : <Text>{item.jwk.kid}</Text>}{" "}
        {(item.warnings ?? []).map((warning) => (
          <span class="state warns">{WARNINGS[warning] ?? warning}</span>
        ))}
      </p>
      <Facts facts={facts} />
      {remove && (
        <p class="buttons">
          <button type="button" class="danger" aria-expanded={asks} aria-label={`${title} ${item.id}`} onClick={() => setAsks(!asks)}>
            Remove…
          </button>
        </p>
      )}
      {asks && (
        <div class="notice">
          <p>Access tokens that it gave become invalid. The workload can no longer log in by it.</p>
          <Problem problem={problem} />
          <p class="buttons">
            <button type="button" class="danger" disabled={busy} onClick={remove}>
              {title}
            </button>
            <button type="button" onClick={() => setAsks(false)}>
              Close
            </button>
          </p>
        </div>
      )}
    </li>
  );
}

function List({ kind, title, id, etag, changed }) {
  const session = useSession();
  const path = `${session.tenant}/credentials/${id}/${kind}`;
  const listed = useLoad(() => session.send("GET", path));
  const { run, busy, problem } = useAction();
  if (listed.problem) return <Problem problem={listed.problem} reload={listed.reload} />;
  const items = listed.data?.data.items ?? [];
  if (!items.length) return null;
  const remove = (item) => run(async () => changed(await session.send("DELETE", `${path}/${item.id}`, { etag })));
  return (
    <section aria-labelledby={kind}>
      <h2 id={kind}>{title}</h2>
      <ul class="rows">
        {items.map((item) => (
          <Item key={item.id} kind={kind} item={item} problem={problem} busy={busy} remove={session.mayManage ? () => remove(item) : null} />
        ))}
      </ul>
    </section>
  );
}

/** The lists that are not empty. `changed` gets the response to a removal. */
export function Keyless(properties) {
  return (
    <>
      <List kind="keys" title="Keys" {...properties} />
      <List kind="trusts" title="Trusts" {...properties} />
    </>
  );
}
