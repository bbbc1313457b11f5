// The fields of the forms that create and edit a credential, and the body that they make.
import { Text, useLoad, useSession } from "./parts.jsx";

const ACCESS = {
  none: "none: log in only",
  verify: "verify: verify tokens",
  read: "read: also read and list",
  edit: "edit: also change names and descriptions",
  admin: "admin: everything in the tenant",
};

export const EMPTY = {
  name: "",
  description: "",
  enabled: true,
  access: "none",
  self_rotate: false,
  expires: "",
  isFull: false,
  roles: [],
  metadata: [],
  principal: "",
};

/** The state of the form that edits this credential. */
export const formOf = (credential) => ({
  name: credential.name,
  description: credential.description ?? "",
  enabled: credential.enabled,
  access: credential.access,
  self_rotate: credential.self_rotate,
  expires: credential.expires_at?.slice(0, 16) ?? "",
  isFull: credential.roles === null,
  roles: (credential.roles ?? []).map(({ role_id, resource, resource_instance }) => ({
    role_id,
    resource: resource ?? "",
    resource_instance: resource_instance ?? "",
  })),
  metadata: Object.entries(credential.metadata).map(([key, value]) => ({ key, value })),
  principal: credential.principal,
});

/** The body of a request that creates what the form has. */
export const bodyOf = (form) => ({
  name: form.name,
  description: form.description || null,
  enabled: form.enabled,
  access: form.access,
  self_rotate: form.self_rotate,
  expires_at: form.expires ? `${form.expires}:00Z` : null,
  roles: form.isFull
    ? null
    : form.roles.map(({ role_id, resource, resource_instance }) => ({
        role_id,
        ...(resource && { resource }),
        ...(resource_instance && { resource_instance }),
      })),
  metadata: Object.fromEntries(form.metadata.map(({ key, value }) => [key, value])),
  ...(form.principal && { principal: form.principal }),
});

/** The merge patch (RFC 7396) from one state of the form to another: only what differs. A time that was not touched keeps its seconds. */
export function patchOf(before, after) {
  const [old, body] = [bodyOf(before), bodyOf(after)];
  const patch = Object.fromEntries(Object.entries(body).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name])));
  if ("metadata" in patch) {
    const removed = Object.keys(old.metadata).filter((key) => !Object.hasOwn(body.metadata, key));
    const changed = Object.entries(body.metadata).filter(([key, value]) => !Object.hasOwn(old.metadata, key) || old.metadata[key] !== value);
    patch.metadata = Object.fromEntries([...changed, ...removed.map((key) => [key, null])]);
  }
  return patch;
}

/** A field with its label, its hint, and the violations of its member. `children` gets the attributes of the input. */
export function Field({ name, label, hint, problem, children }) {
  const violations = problem?.at?.(`/${name}`) ?? [];
  const described = [hint && `${name}-hint`, violations.length && `${name}-problem`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {children({ id: name, name, "aria-describedby": described || undefined, "aria-invalid": violations.length > 0 || undefined })}
      {hint && (
        <p id={`${name}-hint`} class="hint">
          {hint}
        </p>
      )}
      <Violations id={`${name}-problem`} violations={violations} />
    </div>
  );
}

function Violations({ id, violations }) {
  if (!violations.length) return null;
  return (
    <ul id={id} class="violations">
      {violations.map((violation) => (
        <li>
          {violation.pointer.split("/").length > 2 && (
            <>
              <code>
                <Text>{violation.pointer}</Text>
              </code>{" "}
            </>
          )}
          {violation.detail}
        </li>
      ))}
    </ul>
  );
}

function RolesField({ form, set, names, problem }) {
  const change = (at, member, value) => set({ roles: form.roles.map((role, index) => (index === at ? { ...role, [member]: value } : role)) });
  const kind = (isFull, text) => (
    <label class="choice">
      <input type="radio" name="roles-kind" checked={form.isFull === isFull} onChange={() => set({ isFull })} /> {text}
    </label>
  );
  return (
    <fieldset>
      <legend>Roles in the tenant's own APIs</legend>
      {kind(false, "These roles")}
      {kind(true, "Full access: every role, on every resource")}
      {!form.isFull &&
        form.roles.map((role, at) => (
          <div class="row" role="group" aria-label={`Role ${at + 1}`}>
            <label>
              Role
              <select value={role.role_id} onChange={(event) => change(at, "role_id", event.target.value)}>
                {[...new Set([role.role_id, ...names])].map((name) => (
                  <option value={name} selected={name === role.role_id}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Resource
              <input value={role.resource} placeholder="all" onInput={(event) => change(at, "resource", event.target.value)} />
            </label>
            <label>
              Instance
              <input value={role.resource_instance} placeholder="all" onInput={(event) => change(at, "resource_instance", event.target.value)} />
            </label>
            <button type="button" onClick={() => set({ roles: form.roles.filter((_, index) => index !== at) })}>
              Remove role {at + 1}
            </button>
          </div>
        ))}
      {!form.isFull && (
        <button type="button" disabled={!names.length} onClick={() => set({ roles: [...form.roles, { role_id: names[0], resource: "", resource_instance: "" }] })}>
          Add a role
        </button>
      )}
      <Violations id="roles-problem" violations={problem?.at?.("/roles") ?? []} />
    </fieldset>
  );
}

function MetadataField({ form, set, problem }) {
  const change = (at, member, value) => set({ metadata: form.metadata.map((row, index) => (index === at ? { ...row, [member]: value } : row)) });
  return (
    <fieldset>
      <legend>Metadata</legend>
      {form.metadata.map((row, at) => (
        <div class="row" role="group" aria-label={`Metadata ${at + 1}`}>
          <label>
            Key
            <input value={row.key} onInput={(event) => change(at, "key", event.target.value)} />
          </label>
          <label>
            Value
            <input value={row.value} onInput={(event) => change(at, "value", event.target.value)} />
          </label>
          <button type="button" onClick={() => set({ metadata: form.metadata.filter((_, index) => index !== at) })}>
            Remove metadata {at + 1}
          </button>
        </div>
      ))}
      <button type="button" onClick={() => set({ metadata: [...form.metadata, { key: "", value: "" }] })}>
        Add metadata
      </button>
      <Violations id="metadata-problem" violations={problem?.at?.("/metadata") ?? []} />
    </fieldset>
  );
}

/** The fields of these members. */
export function Fields({ form, set, members, problem }) {
  const session = useSession();
  const tenant = useLoad(async () => (await session.send("GET", session.tenant)).data);
  const principals = useLoad(async () => (await session.send("GET", `${session.tenant}/principals`, { query: { limit: 100 } })).data.items);
  const has = (member) => members.includes(member);
  const text = (event) => set({ [event.target.name]: event.target.value });
  const tick = (member, label) =>
    has(member) && (
      <label class="choice">
        <input type="checkbox" name={member} checked={form[member]} onChange={(event) => set({ [member]: event.target.checked })} /> {label}
      </label>
    );
  return (
    <>
      {has("name") && (
        <Field name="name" label="Name" problem={problem}>
          {(input) => <input {...input} required autocomplete="off" value={form.name} onInput={text} />}
        </Field>
      )}
      {has("description") && (
        <Field name="description" label="Description" problem={problem}>
          {(input) => <input {...input} autocomplete="off" value={form.description} onInput={text} />}
        </Field>
      )}
      {tick("enabled", "Enabled")}
      {has("access") && (
        <Field name="access" label="Access to Postern" problem={problem}>
          {(input) => (
            <select {...input} value={form.access} onChange={text}>
              {Object.entries(ACCESS).map(([value, label]) => (
                <option value={value} selected={value === form.access}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {has("roles") && <RolesField form={form} set={set} names={tenant.data?.role_names ?? []} problem={problem} />}
      {has("expires_at") && (
        <Field name="expires_at" label="Expires (UTC)" hint="Empty: never." problem={problem}>
          {(input) => (
            <input {...input} type="datetime-local" value={form.expires} onInput={(event) => set({ expires: event.target.value.slice(0, 16) })} />
          )}
        </Field>
      )}
      {tick("self_rotate", "May replace its own secret")}
      {has("principal") && (
        <Field name="principal" label="Principal (id)" hint="Empty: the tenant's default principal." problem={problem}>
          {(input) => (
            <>
              <input {...input} list="principals" autocomplete="off" value={form.principal} onInput={text} />
              <datalist id="principals">
                {(principals.data ?? []).map((principal) => (
                  <option value={principal.id}>{principal.name}</option>
                ))}
              </datalist>
            </>
          )}
        </Field>
      )}
      {has("metadata") && <MetadataField form={form} set={set} problem={problem} />}
    </>
  );
}
