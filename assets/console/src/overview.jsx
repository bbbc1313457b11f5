// What needs attention, from one pass over the credentials. The pass is bounded: it stops after a thousand, and continues on request.
import { useState } from "preact/hooks";
import { DAY, isNeverRotated, isRetiringInUse, isUnusedSince, isUsable, plural } from "./format.js";
import { CredentialLink, Heading, Loaded, Problem, Time, useAction, useLoad, useSession } from "./parts.jsx";

const DAYS = 90;
const BOUND = 1_000;
const SHOWN = 10;

/** Reads up to `BOUND` more credentials. */
async function examine(session, { credentials, next }) {
  const found = [];
  do {
    const query = { limit: 100, ...(next && { cursor: next }) };
    const { data } = await session.send("GET", `${session.tenant}/credentials`, { query });
    found.push(...data.items);
    next = data.next;
  } while (next && found.length < BOUND);
  return { credentials: [...credentials, ...found], next };
}

/** Bars for the number of credentials that end on each of the next days. The list below has the same as text. */
function TimeLine({ credentials }) {
  const counts = Array(DAYS).fill(0);
  for (const { expires_at } of credentials) counts[Math.min(DAYS - 1, Math.floor((Date.parse(expires_at) - Date.now()) / DAY))] += 1;
  const most = Math.max(...counts);
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${DAYS} 20`} preserveAspectRatio="none" role="img" aria-label={`Ends by day, over the next ${DAYS} days`}>
        {counts.map((count, day) => count > 0 && <rect x={day} width="0.8" y={20 - (4 + (16 * count) / most)} height={4 + (16 * count) / most} />)}
        <line x1="0" x2={DAYS} y1="20" y2="20" />
      </svg>
      <figcaption>
        <span>today</span>
        <span>30 days</span>
        <span>60 days</span>
        <span>{DAYS} days</span>
      </figcaption>
    </figure>
  );
}

function Finding({ id, title, none, credentials, isPartial, time, children }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <section class="finding" aria-labelledby={id}>
      <h2 id={id}>
        {title} <span class="count">{`${credentials.length.toLocaleString("en")}${isPartial ? "+" : ""}`}</span>
      </h2>
      {credentials.length === 0 ? (
        <p>{none}</p>
      ) : (
        <>
          {children}
          <ul class="plain-list">
            {credentials.slice(0, shown).map((credential) => (
              <li key={credential.id}>
                <CredentialLink credential={credential} /> <Time>{time(credential)}</Time>
              </li>
            ))}
          </ul>
          {credentials.length > shown && (
            <button type="button" onClick={() => setShown(shown + 100)}>
              Show more of “{title}”
            </button>
          )}
        </>
      )}
    </section>
  );
}

function Findings({ credentials, isPartial }) {
  const usable = credentials.filter(isUsable);
  const by = (time) => (one, other) => Date.parse(time(one) ?? 0) - Date.parse(time(other) ?? 0);
  const list = (matches, time) => ({ credentials: usable.filter(matches).sort(by(time)), time, isPartial });
  const ends = ({ expires_at }) => expires_at;
  const used = ({ last_used_at }) => last_used_at;
  const created = ({ created_at }) => created_at;
  const ending = list(({ expires_at }) => expires_at !== null && Date.parse(expires_at) < Date.now() + DAYS * DAY, ends);
  return (
    <>
      <Finding id="retiring" title="Old secrets still in use" none="No old secret was used since its rotation." {...list(isRetiringInUse, ({ secrets }) => secrets[0].expires_at)}>
        <p class="soft">The old secret ends at the time shown, and its clients fail then.</p>
      </Finding>
      <Finding id="ending" title={`Ends within ${DAYS} days`} none="No credential ends soon." {...ending}>
        <TimeLine credentials={ending.credentials} />
      </Finding>
      <Finding
        id="unused"
        title={`Not used in ${DAYS} days`}
        none="Every credential was used."
        {...list((credential) => isUnusedSince(credential, Date.now() - DAYS * DAY), used)}
      >
        <p class="soft">With the last use.</p>
      </Finding>
      <Finding id="unrotated" title="Never rotated" none="Every credential was rotated." {...list(isNeverRotated, created)}>
        <p class="soft">With the creation.</p>
      </Finding>
    </>
  );
}

export function Overview() {
  const session = useSession();
  const { run, busy, problem } = useAction();
  const pass = useLoad(() => examine(session, { credentials: [], next: null }));
  return (
    <>
      <Heading title="Overview" />
      <Loaded from={pass}>
        {({ credentials, next }) => (
          <>
            <p role="status">
              {next
                ? `Of more than ${plural(credentials.length, "credential")}, the oldest ${credentials.length.toLocaleString("en")} were examined.`
                : `${plural(credentials.length, "credential")}. The lists have those that are enabled, not revoked and not expired.`}
            </p>
            {next && (
              <button type="button" disabled={busy} onClick={() => run(async () => pass.replace(await examine(session, pass.data)))}>
                Examine {BOUND.toLocaleString("en")} more
              </button>
            )}
            <Problem problem={problem} />
            <Findings credentials={credentials} isPartial={next !== null} />
          </>
        )}
      </Loaded>
    </>
  );
}
