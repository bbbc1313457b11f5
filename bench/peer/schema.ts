// The tables for drizzle. schema.sql creates them.
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { Changes } from "./change";

export interface Role {
  role_id: string;
  resource?: string;
  resource_instance?: string;
}

const id = () => text().primaryKey();
const flag = () => integer({ mode: "boolean" }).notNull();
const time = (name: string) => integer(name, { mode: "timestamp_ms" });
const tenantId = () => text("tenant_id").notNull().references(() => tenants.id);
const credentialId = () => text("credential_id").notNull().references(() => credentials.id);
const times = () => ({
  createdAt: time("created_at").notNull(),
  updatedAt: time("updated_at").notNull(),
});

export const tenants = sqliteTable(
  "tenants",
  {
    id: id(),
    label: text().notNull(),
    name: text().notNull(),
    enabled: flag().default(true),
    rbac: flag().default(true),
    roleNames: text("role_names", { mode: "json" }).$type<string[]>().notNull(),
    ...times(),
  },
  (table) => [uniqueIndex("tenants_label").on(table.label)],
);

export const principals = sqliteTable(
  "principals",
  {
    id: id(),
    tenantId: tenantId(),
    name: text().notNull(),
    description: text(),
    enabled: flag().default(true),
    ...times(),
  },
  (table) => [index("principals_tenant").on(table.tenantId)],
);

export const credentials = sqliteTable(
  "credentials",
  {
    id: id(),
    tenantId: tenantId(),
    principalId: text("principal_id").notNull().references(() => principals.id),
    name: text().notNull(),
    description: text(),
    enabled: flag().default(true),
    /** No roles means full access. */
    roles: text({ mode: "json" }).$type<Role[]>(),
    expiresAt: time("expires_at"),
    revokedAt: time("revoked_at"),
    lastUsedAt: time("last_used_at"),
    revision: integer().notNull().default(1),
    ...times(),
  },
  (table) => [index("credentials_tenant").on(table.tenantId), index("credentials_principal").on(table.principalId)],
);

export const secrets = sqliteTable(
  "secrets",
  {
    id: id(),
    tenantId: tenantId(),
    credentialId: credentialId(),
    digest: text().notNull(),
    /** The token under AES-GCM, if a client of LiteGraph chose it and may read it again. */
    sealed: text(),
    expiresAt: time("expires_at"),
    createdAt: time("created_at").notNull(),
  },
  (table) => [uniqueIndex("secrets_digest").on(table.digest), index("secrets_credential").on(table.credentialId)],
);

export const events = sqliteTable(
  "events",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    tenantId: tenantId(),
    credentialId: credentialId(),
    revision: integer().notNull(),
    action: text({ enum: ["created", "updated"] }).notNull(),
    /** The calling credential. */
    actor: text().notNull(),
    requestId: text("request_id").notNull(),
    changes: text({ mode: "json" }).$type<Changes>().notNull(),
    widened: flag(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    uniqueIndex("events_revision").on(table.credentialId, table.revision),
    index("events_tenant").on(table.tenantId, table.createdAt),
  ],
);
