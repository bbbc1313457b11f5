-- The peer's tables, as drizzle-kit generates them from schema.ts. A test compares the two.
CREATE TABLE `tenants` (
	`id` text PRIMARY KEY NOT NULL,
	`label` text NOT NULL,
	`name` text NOT NULL,
	`enabled` integer DEFAULT true NOT NULL,
	`rbac` integer DEFAULT true NOT NULL,
	`role_names` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
CREATE UNIQUE INDEX `tenants_label` ON `tenants` (`label`);

CREATE TABLE `principals` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL REFERENCES `tenants`(`id`),
	`name` text NOT NULL,
	`description` text,
	`enabled` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
CREATE INDEX `principals_tenant` ON `principals` (`tenant_id`);

CREATE TABLE `credentials` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL REFERENCES `tenants`(`id`),
	`principal_id` text NOT NULL REFERENCES `principals`(`id`),
	`name` text NOT NULL,
	`description` text,
	`enabled` integer DEFAULT true NOT NULL,
	`roles` text,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
CREATE INDEX `credentials_tenant` ON `credentials` (`tenant_id`);
CREATE INDEX `credentials_principal` ON `credentials` (`principal_id`);

CREATE TABLE `secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL REFERENCES `tenants`(`id`),
	`credential_id` text NOT NULL REFERENCES `credentials`(`id`),
	`digest` text NOT NULL,
	`sealed` text,
	`expires_at` integer,
	`created_at` integer NOT NULL
);
CREATE UNIQUE INDEX `secrets_digest` ON `secrets` (`digest`);
CREATE INDEX `secrets_credential` ON `secrets` (`credential_id`);

CREATE TABLE `events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`tenant_id` text NOT NULL REFERENCES `tenants`(`id`),
	`credential_id` text NOT NULL REFERENCES `credentials`(`id`),
	`revision` integer NOT NULL,
	`action` text NOT NULL,
	`actor` text NOT NULL,
	`request_id` text NOT NULL,
	`changes` text NOT NULL,
	`widened` integer NOT NULL,
	`created_at` integer NOT NULL
);
CREATE UNIQUE INDEX `events_revision` ON `events` (`credential_id`,`revision`);
CREATE INDEX `events_tenant` ON `events` (`tenant_id`,`created_at`);
