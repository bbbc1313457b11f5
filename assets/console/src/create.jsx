// Creating a credential.
import { useState } from "preact/hooks";
import { keyOfBody } from "./api.js";
import { EMPTY, Fields, bodyOf } from "./fields.jsx";
import { CredentialLink, Heading, Problem, SecretOnce, useAction, useSession } from "./parts.jsx";
import { link } from "./router.js";

const MEMBERS = ["name", "description", "enabled", "access", "roles", "expires_at", "self_rotate", "principal", "metadata"];

export function Create() {
  const session = useSession();
  const { run, busy, problem } = useAction();
  const [form, setForm] = useState(EMPTY);
  const [key] = useState(keyOfBody);
  const [created, setCreated] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    const body = bodyOf(form);
    run(async () => {
      const { data } = await session.send("POST", `${session.tenant}/credentials`, { body, key: key(body) });
      setCreated(data);
    });
  };
  if (created) {
    return (
      <>
        <Heading key="created" title="Credential created" />
        <p>
          <CredentialLink credential={created} />, with the client id <code>client_{created.id}</code>
        </p>
        {created.secret && <SecretOnce secret={created.secret} done={() => setCreated({ ...created, secret: undefined })} />}
      </>
    );
  }
  return (
    <>
      <Heading key="form" title="Create a credential" />
      <form onSubmit={submit}>
        <Fields form={form} set={(change) => setForm((now) => ({ ...now, ...change }))} members={MEMBERS} problem={problem} />
        <Problem problem={problem} fields={MEMBERS} />
        <p class="buttons">
          <button class="primary" disabled={busy}>
            Create
          </button>
          <a href={link("/credentials")}>Back</a>
        </p>
      </form>
    </>
  );
}
