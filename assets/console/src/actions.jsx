// What can be done with a credential: rotate, finish, cancel, revoke, restore. Each is confirmed.
import { useState } from "preact/hooks";
import { keyOfBody } from "./api.js";
import { isRetiringInUse, retiringSecret } from "./format.js";
import { Field } from "./fields.jsx";
import { Problem, Time, useAction, useSession } from "./parts.jsx";

const GRACE = [
  [0, "none: the old secret ends immediately"],
  [3_600, "1 hour"],
  [86_400, "1 day"],
  [604_800, "7 days"],
  [2_592_000, "30 days"],
  [7_776_000, "90 days"],
];

function Rotate({ problem }) {
  return (
    <Field name="grace_seconds" label="The old secret stays valid for" hint="At most until the credential expires." problem={problem}>
      {(input) => (
        <select {...input}>
          {GRACE.map(([seconds, text]) => (
            <option value={seconds} selected={seconds === 604_800}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function Revoke({ problem }) {
  return (
    <>
      <p>Every secret and access token of the credential becomes invalid.</p>
      <Field name="reason" label="Reason" hint="Optional. Readers of the history see it." problem={problem}>
        {(input) => <input {...input} autocomplete="off" />}
      </Field>
    </>
  );
}

const ACTIONS = {
  rotate: {
    title: "Rotate the secret",
    Details: Rotate,
    bodyOf: (fields) => ({ grace_seconds: Number(fields.grace_seconds.value) }),
    fields: ["grace_seconds"],
    offered: (credential) => !retiringSecret(credential),
  },
  "rotate/finish": {
    title: "Finish the rotation",
    Details: ({ credential }) => (
      <p>
        The old secret ends now.{" "}
        {isRetiringInUse(credential) ? <strong class="warns">It is still in use: its clients will fail.</strong> : "It was not used since the rotation."}
      </p>
    ),
    offered: retiringSecret,
  },
  "rotate/cancel": {
    title: "Cancel the rotation",
    Details: () => <p>The new secret ends now, and the old one stays valid.</p>,
    offered: retiringSecret,
  },
  revoke: {
    title: "Revoke",
    Details: Revoke,
    bodyOf: (fields) => (fields.reason.value ? { reason: fields.reason.value } : {}),
    fields: ["reason"],
    isDanger: true,
    offered: (credential) => credential.revoked_at === null,
  },
  restore: {
    title: "Restore",
    Details: () => <p>The credential and its secrets become valid again.</p>,
    isDanger: true,
    offered: (credential) => credential.revoked_at !== null,
  },
};

/** The actions that the caller may take on this credential. */
function offered(session, credential) {
  if (!session.mayManage) return [];
  // Only root changes a credential that verifies for every tenant; an admin may revoke it.
  const names = credential.access === "verify_all" ? ["revoke"] : Object.keys(ACTIONS);
  return names.filter((name) => ACTIONS[name].offered(credential));
}

/** The buttons, and the form that confirms one. `changed` gets the response. */
export function Actions({ loaded: { data: credential, etag }, changed, reload }) {
  const session = useSession();
  const { run, busy, problem } = useAction();
  const [name, setName] = useState(null);
  const [key] = useState(keyOfBody);
  const names = offered(session, credential);
  const action = names.includes(name) ? ACTIONS[name] : null;
  const submit = (event) => {
    event.preventDefault();
    const body = action.bodyOf?.(event.target.elements);
    run(async () => {
      const path = `${session.tenant}/credentials/${credential.id}/${name}`;
      const answer = await session.send("POST", path, { body, etag, key: name === "rotate" ? key({ etag, body }) : undefined });
      setName(null);
      changed(answer);
    });
  };
  if (!names.length) return null;
  return (
    <section aria-label="Actions">
      <p class="buttons">
        {names.map((each) => (
          <button type="button" class={ACTIONS[each].isDanger ? "danger" : ""} aria-expanded={each === name} onClick={() => setName(each === name ? null : each)}>
            {ACTIONS[each].title}…
          </button>
        ))}
      </p>
      {action && (
        <form class="notice" key={name} onSubmit={submit} aria-label={action.title}>
          <action.Details credential={credential} problem={problem} />
          <Problem problem={problem} fields={action.fields} reload={problem?.code === "stale" ? reload : undefined} />
          <p class="buttons">
            <button class={action.isDanger ? "danger" : "primary"} disabled={busy}>
              {action.title}
            </button>
            <button type="button" onClick={() => setName(null)}>
              Close
            </button>
          </p>
        </form>
      )}
    </section>
  );
}

export function Effective({ time }) {
  return (
    <p class="notice" role="status">
      Verifications from memory may still accept it until <Time>{new Date(time).toISOString()}</Time>.
    </p>
  );
}
