// The changes of a dry run or an event, member by member.
import { Role, Roles, Text, Time } from "./parts.jsx";
import { link } from "./router.js";

const NAMES = {
  access: "Access",
  description: "Description",
  enabled: "Enabled",
  expires_at: "Expires",
  metadata: "Metadata",
  name: "Name",
  principal: "Principal",
  revoked_at: "Revoked",
  revoked_reason: "Reason",
  roles: "Roles",
  role_names: "Role names",
  self_rotate: "May rotate itself",
};
const isTime = (member) => member.endsWith("_at");

function Value({ member, value }) {
  if (member === "roles") return <Roles roles={value} />;
  if (value === null || value === undefined) return <span class="soft">{member === "expires_at" ? "never" : "none"}</span>;
  if (typeof value === "boolean") return <span>{value ? "yes" : "no"}</span>;
  if (isTime(member)) return <Time>{value}</Time>;
  if (member === "principal") {
    return (
      <a href={link("/credentials", { principal: value })}>
        <code>{value}</code>
      </a>
    );
  }
  return <Text>{typeof value === "string" ? value : JSON.stringify(value)}</Text>;
}

const Before = ({ children }) => (
  <del>
    <span class="unseen">before: </span>
    {children}
  </del>
);
const After = ({ children }) => (
  <ins>
    <span class="unseen">after: </span>
    {children}
  </ins>
);

/** The changes of one member. `created` and `deleted`: whether the resource did not exist before, or does not after. */
function Change({ member, change, created, deleted }) {
  if ("added" in change) {
    const item = (value) => (typeof value === "string" ? <Text>{value}</Text> : <Role role={value} />);
    return (
      <>
        {change.removed.map((value) => (
          <Before>{item(value)}</Before>
        ))}
        {change.added.map((value) => (
          <After>{item(value)}</After>
        ))}
      </>
    );
  }
  if (member === "metadata") {
    const sides = [change.before ?? {}, change.after ?? {}];
    const keys = [...new Set(sides.flatMap(Object.keys))];
    return keys.map((key) => {
      const [before, after] = sides.map((side) => (Object.hasOwn(side, key) ? side[key] : null));
      return (
        <>
          {before !== null && (
            <Before>
              <Text>{key}</Text> = <Text>{before}</Text>
            </Before>
          )}
          {after !== null && (
            <After>
              <Text>{key}</Text> = <Text>{after}</Text>
            </After>
          )}
        </>
      );
    });
  }
  return (
    <>
      {!created && (
        <Before>
          <Value member={member} value={change.before} />
        </Before>
      )}
      {!deleted && (
        <After>
          <Value member={member} value={change.after} />
        </After>
      )}
    </>
  );
}

export function Diff({ changes, created = false, deleted = false }) {
  return (
    <dl class="diff">
      {Object.entries(changes).map(([member, change]) => (
        <div>
          <dt>{Object.hasOwn(NAMES, member) ? NAMES[member] : <Text>{member}</Text>}</dt>
          <dd>
            <Change member={member} change={change} created={created} deleted={deleted} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
