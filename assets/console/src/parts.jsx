// The elements that several pages use.
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { fromNow, isExpired, isRetiringInUse, isUsable, retiringSecret, utc } from "./format.js";
import { link } from "./router.js";

export const Session = createContext(null);
export const useSession = () => useContext(Session);

// Characters that are invisible or reorder the text around them, except for the joiners that emoji and some scripts need; and marks after
// the fourth on one letter, which would cover the lines around it.
const HIDDEN = /((?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|(?<=\p{M}{4})\p{M})/u;
const codePoint = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text that somebody else entered: isolated from the direction of the text around it, and with hidden characters named. */
export function Text({ children: text }) {
  const isBlank = !/[^\s\p{M}]/u.test(text);
  const parts = isBlank ? [...text] : text.split(HIDDEN);
  return (
    <bdi class="text">
      {parts.map((part, index) => (isBlank || index % 2 ? <span class="hidden">{codePoint(part)}</span> : part))}
    </bdi>
  );
}

export function Time({ children: time, none = "never" }) {
  if (time === null) return <span>{none}</span>;
  return (
    <time datetime={time} title={time}>
      {utc(time)} <span class="soft">({fromNow(time)})</span>
    </time>
  );
}

export function Role({ role }) {
  return (
    <span class="role">
      <Text>{role.role_id}</Text>
      {role.resource != null && (
        <>
          {" on "}
          <Text>{role.resource}</Text>
        </>
      )}
      {role.resource_instance != null && (
        <>
          {" / "}
          <Text>{role.resource_instance}</Text>
        </>
      )}
    </span>
  );
}

export function Roles({ roles }) {
  if (roles === null) return <strong class="warns">full access</strong>;
  if (!roles.length) return <span>none</span>;
  return (
    <ul class="inline">
      {roles.map((role) => (
        <li>
          <Role role={role} />
        </li>
      ))}
    </ul>
  );
}

/** The states of a credential that differ from a credential in normal use. */
export function States({ credential }) {
  const states = [
    [credential.revoked_at !== null, "revoked", "bad"],
    [!credential.enabled, "disabled", "bad"],
    [isExpired(credential), "expired", "bad"],
    [isUsable(credential), "active", "good"],
    [retiringSecret(credential) && !isRetiringInUse(credential), "rotating", "warns"],
    [isRetiringInUse(credential), "rotating: old secret still in use", "warns"],
    [credential.roles === null, "full access", "warns"],
  ];
  return (
    <span class="states">
      {states
        .filter(([applies]) => applies)
        .map(([, text, kind]) => (
          <span class={`state ${kind}`}>{text}</span>
        ))}
    </span>
  );
}

/** A problem. `fields` are the members of the body whose violations the form shows next to its fields. */
export function Problem({ problem, fields = [], reload }) {
  if (!problem) return null;
  const shown = new Set(fields.flatMap((field) => problem.at?.(`/${field}`) ?? []));
  const others = (problem.violations ?? []).filter((violation) => !shown.has(violation));
  return (
    <div class="notice bad" role="alert">
      {problem.code === "stale" ? (
        <p>
          <strong>Changed by somebody else: reload.</strong> Nothing was saved.
        </p>
      ) : (
        <p>
          <strong>{problem.title ?? "The console failed"}.</strong> {problem.detail ?? String(problem)}
        </p>
      )}
      {others.length > 0 && (
        <ul>
          {others.map((violation) => (
            <li>
              <code>
                <Text>{violation.pointer ?? violation.parameter ?? ""}</Text>
              </code>{" "}
              {violation.detail}
            </li>
          ))}
        </ul>
      )}
      {problem.status >= 500 && problem.requestId && (
        <p>
          Request <code>{problem.requestId}</code>
        </p>
      )}
      {reload && (
        <button type="button" onClick={reload}>
          Reload
        </button>
      )}
    </div>
  );
}

/** Calls `load` when the view is shown, and again with `reload`. */
export function useLoad(load) {
  const [state, setState] = useState({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    const keep = (next) => current && setState(next);
    load().then(
      (data) => keep({ data }),
      (problem) => keep({ problem }),
    );
    return () => {
      current = false;
    };
  }, [turn]);
  const reload = () => {
    setState({});
    setTurn(turn + 1);
  };
  return { ...state, reload, replace: (data) => setState({ data }) };
}

/** Calls `children` with what was loaded; until then, shows progress or the problem. */
export function Loaded({ from, children }) {
  if (from.problem) return <Problem problem={from.problem} reload={from.reload} />;
  if (!from.data) return <p role="status">Loading…</p>;
  return children(from.data);
}

/** Runs one request at a time, and keeps its problem. */
export function useAction() {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const run = async (action) => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await action();
    } catch (failed) {
      setProblem(failed);
    }
    setBusy(false);
  };
  return { run, busy, problem };
}

/** The heading of a page, which gets the focus, so that screen readers announce the new page. */
export function Heading({ title, children }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${title} – Postern`;
    heading.current.focus();
  }, []);
  return (
    <h1 tabindex={-1} ref={heading}>
      {children ?? title}
    </h1>
  );
}

/** A secret, shown once. It is only in the state of the view that shows it. */
export function SecretOnce({ secret, done }) {
  const [copied, setCopied] = useState("");
  const shown = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied("Copied.");
    } catch {
      // Without permission, or without TLS: the user copies the selection.
      getSelection().selectAllChildren(shown.current);
      setCopied("Press Ctrl+C or ⌘C to copy the selection.");
    }
  };
  return (
    <section class="notice good" aria-label="New secret">
      <p>
        <strong>Copy the secret now.</strong> It is shown once, and cannot be read again.
      </p>
      <p>
        <code class="secret" ref={shown}>
          {secret}
        </code>
      </p>
      <p class="buttons">
        <button type="button" class="primary" onClick={copy}>
          Copy
        </button>
        <button type="button" onClick={done}>
          I have stored it
        </button>
        <span role="status">{copied}</span>
      </p>
    </section>
  );
}

export function CredentialLink({ credential }) {
  return (
    <a href={link(`/credentials/${credential.id}`)}>
      <Text>{credential.name}</Text>
    </a>
  );
}

/** A list of facts, each a term and its value. */
export function Facts({ facts, of = "facts" }) {
  return (
    <dl class={of}>
      {facts.map(([term, value]) => (
        <div>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
