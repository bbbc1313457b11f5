// The interface and the queries of both variants of the store.
import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { AnyColumn, GetColumnData, Placeholder, SQL, SQLWrapper } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { Values } from "./change";
import { credentials, events, principals, secrets, tenants } from "./schema";

export interface Store {
  /**
   * Reads the caller and the credential of the request, if the caller's tenant has it. `admit` throws if the caller lacks the
   * permission.
   */
  load(digest: string, place: Place, admit: Admit): Promise<{ caller: Caller; target: Target | undefined }>;
  hasPrincipal(tenantId: string, id: string): Promise<boolean>;
  /**
   * Writes a change and its event. Returns `undefined` if the credential has changed since it was read. Throws `TokenTaken` if another
   * credential has the new token.
   */
  save(change: Change): Promise<Credential | undefined>;
  /** Records that a credential was used. */
  touch(id: string, at: Date): Promise<unknown>;
}

export type Admit = (caller: Caller | undefined) => Caller;

export interface Place {
  credentialId: string;
  /** Whether the response reveals the token. */
  withSecret?: boolean;
}

export type Credential = typeof credentials.$inferSelect;
export type Target = Credential & { digest?: string | null; sealed?: string | null };
export type Caller = NonNullable<Awaited<ReturnType<typeof callerQuery>>[number]>;
export type Event = typeof events.$inferInsert;

export interface Change {
  before: Credential;
  /** The fields that differ; empty if only the token differs. */
  values: Partial<Values>;
  token?: { digest: string; sealed: string };
  at: Date;
  event: Event;
}

export class TokenTaken extends Error {}

export type Database = DrizzleD1Database;

type Param = string | Placeholder | SQLWrapper;

// D1 returns the rows of a batch as objects by column name, so column names must be unique.
const named = <C extends AnyColumn>(column: C, name: string) =>
  sql`${column}`.mapWith(column).as(name) as SQL.Aliased<GetColumnData<C>>;

export const callerQuery = (db: Database, digest: Param) =>
  db
    .select({
      id: credentials.id,
      roles: credentials.roles,
      expiresAt: credentials.expiresAt,
      revokedAt: credentials.revokedAt,
      lastUsedAt: credentials.lastUsedAt,
      enabled: credentials.enabled,
      secretExpiresAt: named(secrets.expiresAt, "secret_expires_at"),
      principalEnabled: named(principals.enabled, "principal_enabled"),
      tenantEnabled: named(tenants.enabled, "tenant_enabled"),
      tenantId: credentials.tenantId,
      label: tenants.label,
      rbac: tenants.rbac,
      roleNames: tenants.roleNames,
    })
    .from(secrets)
    .innerJoin(credentials, eq(credentials.id, secrets.credentialId))
    .innerJoin(principals, eq(principals.id, credentials.principalId))
    .innerJoin(tenants, eq(tenants.id, credentials.tenantId))
    .where(eq(secrets.digest, digest));

export const targetQuery = (db: Database, id: Param, tenantId: Param) =>
  db.select().from(credentials).where(and(eq(credentials.id, id), eq(credentials.tenantId, tenantId)));

export const targetWithSecretQuery = (db: Database, id: Param, tenantId: Param) =>
  db
    .select({ ...getTableColumns(credentials), digest: secrets.digest, sealed: secrets.sealed })
    .from(credentials)
    .leftJoin(secrets, eq(secrets.credentialId, credentials.id))
    .where(and(eq(credentials.id, id), eq(credentials.tenantId, tenantId)));

export const principalQuery = (db: Database, tenantId: Param, id: Param) =>
  db.select({ id: principals.id }).from(principals).where(and(eq(principals.id, id), eq(principals.tenantId, tenantId)));

export const updateQuery = (db: Database, { before, values, at }: Change) =>
  db
    .update(credentials)
    .set({ ...values, revision: before.revision + 1, updatedAt: at })
    .where(
      and(
        eq(credentials.id, before.id),
        eq(credentials.tenantId, before.tenantId),
        eq(credentials.revision, before.revision),
      ),
    )
    .returning();

export const secretQuery = (db: Database, { before, at }: Change, token: NonNullable<Change["token"]>) =>
  db.update(secrets).set({ ...token, createdAt: at }).where(eq(secrets.credentialId, before.id));

export const touchQuery = (db: Database, id: string, lastUsedAt: Date) =>
  db.update(credentials).set({ lastUsedAt }).where(eq(credentials.id, id));

/** Returns whether a write failed on this constraint. Drizzle wraps the errors of D1, except those of a batch. */
export const failsOn = (error: unknown, constraint: string): boolean =>
  error instanceof Error && (error.message.includes(constraint) || failsOn(error.cause, constraint));
