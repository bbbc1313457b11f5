// The events of a credential, a principal or the tenant, newest first.
import { Diff } from "./diff.jsx";
import { Pages } from "./list.jsx";
import { Heading, Roles, Text, Time, useSession } from "./parts.jsx";
import { link } from "./router.js";

const ACTIONS = {
  created: "Created",
  updated: "Changed",
  deleted: "Deleted",
  secret_created: "Secret created",
  secret_updated: "End of a secret changed",
  secret_ended: "Secret ended",
};

/** Joins the events of one request on one resource, which follow each other. */
function changesOf(events) {
  const changes = [];
  for (const event of events) {
    const last = changes.at(-1)?.[0];
    if (last && last.request_id === event.request_id && last.id === event.id && last.revision === event.revision) changes.at(-1).push(event);
    else changes.push([event]);
  }
  return changes;
}

function By({ by }) {
  const session = useSession();
  if (by === "root" || by === "console") return <span>{by === "root" ? "the root token" : "the database console"}</span>;
  return (
    <a href={link(`/credentials/${by}`)}>
      {by === session.self.id ? <Text>{session.self.name}</Text> : <code>{by}</code>}
    </a>
  );
}

function Event({ event }) {
  const isSecret = event.secret !== null;
  // Full access is not a value: the creation of a credential with full access reports no roles.
  const isFull = event.noun === "credential" && event.action === "created" && !("roles" in event.changes);
  return (
    <>
      <p>
        <strong>{Object.hasOwn(ACTIONS, event.action) ? ACTIONS[event.action] : <Text>{event.action}</Text>}</strong>{" "}
        {isSecret && <code class="soft">{event.secret}</code>}{" "}
        {event.widened_access && <strong class="state bad">widened access</strong>}
        {isFull && <Roles roles={null} />}
      </p>
      <Diff
        changes={event.changes}
        created={event.action === "created" || event.action === "secret_created"}
        deleted={event.action === "deleted" || event.action === "secret_ended"}
      />
    </>
  );
}

export function History({ of, title, back }) {
  return (
    <>
      {back && (
        <p>
          <a href={link(back)}>Back</a>
        </p>
      )}
      <Heading title={title} />
      <Pages path={`${of}/events`}>
        {(events) => (
          <ol class="rows">
            {changesOf(events).map((change) => (
              <li key={change[0].seq} class={change.some((event) => event.widened_access) ? "widens" : ""}>
                {change.toReversed().map((event) => (
                  <Event event={event} />
                ))}
                <p class="soft">
                  {of === "" && (
                    <>
                      {change[0].noun}{" "}
                      {change[0].noun === "credential" ? (
                        <a href={link(`/credentials/${change[0].id}/history`)}>
                          <code>{change[0].id}</code>
                        </a>
                      ) : (
                        <code>{change[0].id}</code>
                      )}
                      {", "}
                    </>
                  )}
                  <Time>{change[0].at}</Time> by <By by={change[0].by} />, revision {change[0].revision}, request{" "}
                  <code>
                    <Text>{change[0].request_id}</Text>
                  </code>
                </p>
              </li>
            ))}
          </ol>
        )}
      </Pages>
    </>
  );
}
