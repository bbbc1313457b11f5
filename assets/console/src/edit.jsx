// Editing a credential: a dry run shows the difference, and only then it can be saved.
import { useState } from "preact/hooks";
import { Diff } from "./diff.jsx";
import { Fields, formOf, patchOf } from "./fields.jsx";
import { Heading, Loaded, Problem, Text, useAction, useLoad, useSession } from "./parts.jsx";
import { link } from "./router.js";

const NAMES = ["name", "description"];
const ALL = [...NAMES, "enabled", "access", "roles", "expires_at", "self_rotate", "principal", "metadata"];

/** The members of this credential that the caller may change. */
export function editable(session, credential) {
  if (credential.access === "verify_all") return session.mayManage ? ["enabled"] : [];
  if (session.mayManage) return ALL;
  return session.mayEdit ? NAMES : [];
}

function Review({ review }) {
  const isSame = Object.keys(review.changes).length === 0;
  return (
    <section class={review.widens_access ? "notice bad widens" : "notice"} aria-label="Difference" role="status">
      {review.widens_access && (
        <p>
          <strong>This change widens access.</strong> The credential could do something that it cannot do now.
        </p>
      )}
      {isSame ? <p>Nothing would change.</p> : <Diff changes={review.changes} />}
    </section>
  );
}

function Form({ loaded: { data: credential, etag }, reload }) {
  const session = useSession();
  const { run, busy, problem } = useAction();
  const [before] = useState(() => formOf(credential));
  const [form, setForm] = useState(before);
  // The difference, with the patch that was sent for it: exactly that is saved.
  const [review, setReview] = useState(null);
  const path = `${session.tenant}/credentials/${credential.id}`;
  const members = editable(session, credential);
  const check = (event) => {
    event.preventDefault();
    run(async () => {
      const body = patchOf(before, form);
      const { data } = await session.send("PATCH", path, { query: { dry_run: true }, body, etag });
      setReview({ ...data, body });
    });
  };
  const save = () =>
    run(async () => {
      await session.send("PATCH", path, { body: review.body, etag });
      location.hash = link(`/credentials/${credential.id}`);
    });
  return (
    <form onSubmit={check}>
      <fieldset class="plain" disabled={review !== null}>
        <Fields form={form} set={(change) => setForm((now) => ({ ...now, ...change }))} members={members} problem={problem} />
      </fieldset>
      {review && <Review review={review} />}
      <Problem problem={problem} fields={members} reload={problem?.code === "stale" ? reload : undefined} />
      {review ? (
        <p class="buttons">
          <button type="button" class={review.widens_access ? "danger" : "primary"} disabled={busy || !Object.keys(review.changes).length} onClick={save}>
            {review.widens_access ? "Save, and widen access" : "Save"}
          </button>
          <button type="button" onClick={() => setReview(null)}>
            Continue editing
          </button>
        </p>
      ) : (
        <p class="buttons">
          <button class="primary" disabled={busy}>
            Show the difference
          </button>
          <a href={link(`/credentials/${credential.id}`)}>Back</a>
        </p>
      )}
    </form>
  );
}

export function Edit({ id }) {
  const session = useSession();
  const credential = useLoad(() => session.send("GET", `${session.tenant}/credentials/${id}`));
  return (
    <>
      <Heading title="Edit a credential" />
      <Loaded from={credential}>
        {(loaded) => (
          <>
            <p>
              <strong>
                <Text>{loaded.data.name}</Text>
              </strong>
            </p>
            {editable(session, loaded.data).length ? (
              <Form loaded={loaded} reload={credential.reload} />
            ) : (
              <p>With access {session.self.access}, this credential cannot be changed.</p>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}
