// Changes: the fields that differ, and whether access is widened.
import type { Role } from "./schema";

/** The fields of a credential that requests can change. */
export interface Values {
  principalId: string;
  name: string;
  description: string | null;
  enabled: boolean;
  roles: Role[] | null;
}

export type Changes = Record<string, { before: unknown; after: unknown }>;

/** The part of the roles that a body replaces. */
export type Context = Pick<Role, "resource" | "resource_instance">;

const FIELDS = { principalId: "principal", name: "name", description: "description", enabled: "enabled", roles: "roles" };

/** Returns the fields in which two states differ, by their names in events. */
export function changesOf(before: Values, after: Values): Changes {
  const changes: Changes = {};
  for (const [field, name] of Object.entries(FIELDS) as [keyof Values, string][]) {
    if (field === "roles" ? !sameRoles(before.roles, after.roles) : before[field] !== after[field]) {
      changes[name] = { before: before[field], after: after[field] };
    }
  }
  return changes;
}

/** Whether the credential can do something after a change that it could not do before. */
export function widens(before: Values, after: Values, isRevoked: boolean): boolean {
  if (isRevoked || !after.enabled) return false;
  const held = before.roles;
  const covered = (role: Role) => held !== null && held.some((wide) => covers(wide, role));
  return !before.enabled || (held !== null && (after.roles === null || !after.roles.every(covered)));
}

/** A role includes the same role on every resource, and a role on a resource that on each of its instances. */
function covers(wide: Role, narrow: Role): boolean {
  const includes = (part: "resource" | "resource_instance") => wide[part] === undefined || wide[part] === narrow[part];
  return wide.role_id === narrow.role_id && includes("resource") && includes("resource_instance");
}

export const addsRoles = (before: Role[] | null, after: Role[] | null) => added(before, after).length > 0;

/** Returns the roles that a change adds. */
export function added(before: Role[] | null, after: Role[] | null): Role[] {
  const held = new Set(before?.map(key));
  return (after ?? []).filter((role) => !held.has(key(role)));
}

/** Sorts roles. They are a set with one order: roles on the whole system first. */
export function asSet(roles: Role[]): Role[] {
  const set = new Map(roles.map((role) => [key(role), role]));
  return [...set].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, role]) => role);
}

export const isWithin = (role: Role, { resource, resource_instance }: Context) =>
  role.resource === resource && role.resource_instance === resource_instance;

// Roles have no control characters, so NUL can separate the parts, and it sorts before them.
const key = ({ resource = "", resource_instance = "", role_id }: Role) =>
  `${resource}\0${resource_instance}\0${role_id}`;

const sameRoles = (left: Role[] | null, right: Role[] | null) =>
  left === right || (left?.length === right?.length && !addsRoles(left, right));
