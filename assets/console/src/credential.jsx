// One credential: what it may do, its secrets, and what can be done with it.
import { useState } from "preact/hooks";
import { Actions, Effective } from "./actions.jsx";
import { editable } from "./edit.jsx";
import { isRetiringInUse, retiringSecret } from "./format.js";
import { Keyless } from "./keyless.jsx";
import { Facts, Heading, Loaded, Roles, SecretOnce, States, Text, Time, useLoad, useSession } from "./parts.jsx";
import { link } from "./router.js";

function Secrets({ credential }) {
  const retiring = retiringSecret(credential);
  return (
    <section aria-labelledby="secrets">
      <h2 id="secrets">Secrets</h2>
      <ul class="rows">
        {credential.secrets.map((secret) => (
          <li key={secret.id}>
            <p class="first">
              <code>{secret.hint ? <>…<Text>{secret.hint}</Text></> : "chosen by the client"}</code>{" "}
              {retiring && <span class={secret === retiring ? "state warns" : "state good"}>{secret === retiring ? "old" : "new"}</span>}
              {secret === retiring &&
                (isRetiringInUse(credential) ? (
                  <strong class="state bad">old secret still in use</strong>
                ) : (
                  <span class="state good">not used since the rotation</span>
                ))}
            </p>
            <Facts
              facts={[
                ["Last used", <Time>{secret.last_used_at}</Time>],
                ["Created", <Time>{secret.created_at}</Time>],
                ["Ends", <Time none="with the credential">{secret.expires_at}</Time>],
                ["Id", <code>{secret.id}</code>],
              ]}
            />
          </li>
        ))}
        {!credential.secrets.length && <li>None is valid. Rotate the secret to make one.</li>}
      </ul>
    </section>
  );
}

function Properties({ credential }) {
  const metadata = Object.entries(credential.metadata);
  const facts = [
    ["Client id", <code>client_{credential.id}</code>],
    ["Principal", <a href={link("/credentials", { principal: credential.principal })}><code>{credential.principal}</code></a>],
    ["Description", credential.description === null ? "none" : <Text>{credential.description}</Text>],
    ["Access to Postern", credential.access],
    ["Roles", <Roles roles={credential.roles} />],
    ["Expires", <Time>{credential.expires_at}</Time>],
    ["Last used", <Time>{credential.last_used_at}</Time>],
    ["May replace its own secret", credential.self_rotate ? "yes" : "no"],
    ["Created", <Time>{credential.created_at}</Time>],
    ["Changed", <Time>{credential.updated_at}</Time>],
    ["Revision", credential.revision],
    ...metadata.map(([key, value]) => [<>Metadata: <Text>{key}</Text></>, <Text>{value}</Text>]),
  ];
  if (credential.revoked_at !== null) {
    facts.unshift(
      ["Revoked", <Time>{credential.revoked_at}</Time>],
      ["Reason", credential.revoked_reason === null ? "none" : <Text>{credential.revoked_reason}</Text>],
    );
  }
  return <Facts facts={facts} of="facts all" />;
}

export function Credential({ id }) {
  const session = useSession();
  const credential = useLoad(() => session.send("GET", `${session.tenant}/credentials/${id}`));
  const [secret, setSecret] = useState(null);
  const [effective, setEffective] = useState(null);
  const changed = (answer) => {
    const { secret: created, ...data } = answer.data;
    setSecret(created ?? null);
    setEffective(answer.effective);
    credential.replace({ ...answer, data });
  };
  return (
    <Loaded from={credential}>
      {(loaded) => (
        <>
          <div class="title">
            <Heading title="Credential">
              <Text>{loaded.data.name}</Text>
            </Heading>
            <States credential={loaded.data} />
          </div>
          <p class="buttons">
            {editable(session, loaded.data).length > 0 && <a href={link(`/credentials/${id}/edit`)}>Edit</a>}
            <a href={link(`/credentials/${id}/history`)}>History</a>
            <button type="button" onClick={credential.reload}>
              Reload
            </button>
          </p>
          {secret && <SecretOnce secret={secret} done={() => setSecret(null)} />}
          {effective && <Effective time={effective} />}
          <Actions loaded={loaded} changed={changed} reload={credential.reload} />
          <Secrets credential={loaded.data} />
          <Keyless
            id={id}
            etag={loaded.etag}
            changed={(answer) => {
              setEffective(answer.effective);
              credential.reload();
            }}
          />
          <h2>Properties</h2>
          <Properties credential={loaded.data} />
        </>
      )}
    </Loaded>
  );
}
