// The usual way: queries are awaited one by one. A read takes two trips, a write four. Fixed queries are prepared once per isolate; an
// update sets only the fields that differ, so it is built each time.
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { events } from "./schema";
import {
  callerQuery, failsOn, principalQuery, secretQuery, type Store, targetQuery, targetWithSecretQuery, TokenTaken,
  touchQuery, updateQuery,
} from "./store";

const eventRow = {
  tenantId: sql.placeholder("tenantId"),
  credentialId: sql.placeholder("credentialId"),
  revision: sql.placeholder("revision"),
  action: sql.placeholder("action"),
  actor: sql.placeholder("actor"),
  requestId: sql.placeholder("requestId"),
  changes: sql.placeholder("changes"),
  widened: sql.placeholder("widened"),
  createdAt: sql.placeholder("createdAt"),
};

export function openStore(client: D1Database): Store {
  const db = drizzle(client);
  const [digest, id, tenant] = [sql.placeholder("digest"), sql.placeholder("id"), sql.placeholder("tenant")];
  const callers = callerQuery(db, digest).prepare();
  const targets = targetQuery(db, id, tenant).prepare();
  const targetsWithSecret = targetWithSecretQuery(db, id, tenant).prepare();
  const principals = principalQuery(db, tenant, id).prepare();
  const event = db.insert(events).values(eventRow).prepare();
  return {
    async load(digest, place, admit) {
      const caller = admit(await callers.get({ digest }));
      const query = place.withSecret ? targetsWithSecret : targets;
      return { caller, target: await query.get({ id: place.credentialId, tenant: caller.tenantId }) };
    },

    async hasPrincipal(tenant, id) {
      return (await principals.get({ tenant, id })) !== undefined;
    },

    // This is not one transaction: a failure in between leaves a change without its event.
    async save(change) {
      if (change.token) {
        await secretQuery(db, change, change.token).catch((error: unknown) => {
          throw failsOn(error, "secrets.digest") ? new TokenTaken() : error;
        });
      }
      const [saved] = await updateQuery(db, change);
      if (saved) await event.run({ ...change.event });
      return saved;
    },

    touch: (id, at) => touchQuery(db, id, at),
  };
}
