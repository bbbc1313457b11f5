// Batches all queries that can share a batch: a read takes one trip, a write two. Drizzle does not fill the placeholders of prepared
// queries in a batch, so each query is built again.
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { events, secrets } from "./schema";
import {
  callerQuery, type Change, type Database, failsOn, principalQuery, secretQuery, type Store, targetQuery,
  targetWithSecretQuery, TokenTaken, touchQuery, updateQuery,
} from "./store";

export function openStore(client: D1Database): Store {
  const db = drizzle(client);
  return {
    async load(digest, place, admit) {
      const tenant = db.select({ tenantId: secrets.tenantId }).from(secrets).where(eq(secrets.digest, digest));
      const query = place.withSecret ? targetWithSecretQuery : targetQuery;
      const [[caller], [target]] = await db.batch([callerQuery(db, digest), query(db, place.credentialId, tenant)]);
      return { caller: admit(caller), target };
    },

    hasPrincipal: async (tenant, id) => (await principalQuery(db, tenant, id)).length > 0,

    async save(change) {
      try {
        return await write(db, change);
      } catch (error) {
        if (failsOn(error, "secrets.digest")) throw new TokenTaken();
        // Another request's event has this revision, so the update matched no row and the batch was rolled back; or the credential was
        // deleted.
        if (failsOn(error, "events.revision") || failsOn(error, "FOREIGN KEY")) return undefined;
        throw error;
      }
    },

    touch: (id, at) => touchQuery(db, id, at),
  };
}

async function write(db: Database, change: Change) {
  const update = updateQuery(db, change);
  const event = db.insert(events).values(change.event);
  const [[saved]] = change.token
    ? await db.batch([update, event, secretQuery(db, change, change.token)])
    : await db.batch([update, event]);
  return saved;
}
