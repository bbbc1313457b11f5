// Coactive's System Credentials API.
import * as z from "zod";
import type { Face } from "../face";
import { added, asSet, type Context, isWithin } from "../change";
import { fromClient, toClient } from "../ids";
import type { Role } from "../schema";
import { broken, ruleOf, text, valueAt, type Violation } from "../validation";

const ROLES_MAX = 100;

const role = z
  .object({ role_id: text(255), resource: text(255).nullish(), resource_instance: text(255).nullish() })
  .refine(({ resource, resource_instance }) => resource_instance == null || resource != null, {
    path: ["resource_instance"],
    params: { rule: "instance_alone" },
    // Also if another member is invalid.
    when: ({ value, issues }) =>
      typeof value === "object" && !issues.some(({ path }) => !path?.length || path[0] === "resource_instance"),
  });

const context = text(Infinity).superRefine((value, context) => {
  if (!contextOf(value)) context.addIssue(broken("context"));
});

const body = z.object({
  name: text(255).nullish(),
  roles: z.array(role).nullish(),
  roles_context: context.nullish(),
});

/** Reads `system`, or `dataset:{id}`. */
function contextOf(said: string): Context | undefined {
  if (said === "system") return {};
  const instance = said.startsWith("dataset:") ? said.slice("dataset:".length) : "";
  return instance === "" || [...instance].length > 255 ? undefined : { resource: "dataset", resource_instance: instance };
}

export const coactive: Face<typeof body.shape> = {
  methods: { GET: "admin", PUT: "admin" },
  paths: ["/api/v1/auth-management/clients/:client"],
  body,

  locate: (context) => ({ credentialId: fromClient(context.req.param("client") ?? "") ?? "" }),

  want(said, body, stored, caller) {
    const { principalId, description, enabled } = stored;
    const values = { principalId, description, enabled, name: said.body.name ?? stored.name, roles: stored.roles };
    const violations: Violation[] = [];
    if (!said.breaks("roles")) {
      const within = said.body.roles_context ? contextOf(said.body.roles_context) : undefined;
      const listed = (said.body.roles ?? []).map(asRole);
      for (const [index, role] of listed.entries()) {
        if (within && !isWithin(role, within)) violations.push(broken("outside_context", ["roles", index]));
      }
      const kept = within ? (stored.roles ?? []).filter((role) => !isWithin(role, within)) : [];
      const roles = asSet([...kept, ...listed]);
      if (roles.length > ROLES_MAX) violations.push(broken("too_many", ["roles"]));
      // No roles (absent, null or []) means full access, which cannot be set within a context.
      values.roles = roles.length > 0 ? roles : null;
      if (within && stored.roles && roles.length === 0) violations.push(broken("last_role", ["roles"]));
    }
    const named = roleIds(body);
    // A credential keeps a role that was removed from the tenant.
    const held = new Set(stored.roles?.map(({ role_id }) => role_id));
    const fresh = new Set(added(stored.roles, values.roles).map(({ role_id }) => role_id));
    for (const [index, id] of named) {
      if (!caller.roleNames.includes(id) && (!held.has(id) || fresh.has(id))) {
        violations.push(broken("unknown_role", ["roles", index, "role_id"]));
      }
    }
    return { values, violations, namesRoles: named.length > 0 };
  },

  show: (context, { id, name, roles }) =>
    context.json({ client_id: toClient(id), client_secret: "", name, roles: roles ?? [] }),

  fail(context, reason) {
    switch (reason.kind) {
      case "invalid":
        return context.json({ detail: reason.violations.map((violation) => detailOf(violation, reason.body)) }, 422);
      case "unreadable":
        return context.json({ detail: [{ loc: ["body"], msg: reason.words, type: "json_invalid" }] }, 422);
      case "missing":
        return context.json({ detail: "Client not found" }, 404);
      case "unauthenticated":
      case "inactive":
        return context.json({ detail: "Invalid authentication credentials" }, 401);
      case "forbidden":
        return context.json({ detail: "Only a system administrator may manage system credentials" }, 403);
      case "no_rbac":
        return context.json({ detail: "Roles are only available to organizations that are RBAC-enabled" }, 403);
      case "stale":
        return context.json({ detail: "If-Match or If-None-Match does not match: read the client again and send its current ETag" }, 412);
      case "media_type":
        return context.json({ detail: "Unsupported Media Type: send application/json" }, 415);
      case "too_large":
        return context.json({ detail: "Request body too large: send at most 64 KiB" }, 413);
      case "busy":
      case "revoked":
      case "token_taken":
        return context.json({ detail: "The client was changed meanwhile: try again" }, 409);
      case "broken":
        return context.json({ detail: "Internal Server Error" }, 500);
    }
  },
};

/** Returns a role as it is stored, without absent members. */
const asRole = ({ role_id, resource, resource_instance }: z.infer<typeof role>): Role => ({
  role_id,
  ...(resource != null && { resource }),
  ...(resource_instance != null && { resource_instance }),
});

/** Returns the valid role_ids of a body with their indexes, even if other members are invalid. */
function roleIds({ roles }: { roles?: unknown }): [number, string][] {
  const items = Array.isArray(roles) ? (roles as ({ role_id?: unknown } | null)[]) : [];
  return items.flatMap((item, index) => {
    const id = role.shape.role_id.safeParse(item?.role_id);
    return id.success ? [[index, id.data] as [number, string]] : [];
  });
}

/** One item of a 422, in the format and with the texts of FastAPI. */
function detailOf(violation: Violation, body: object) {
  const [type, msg] = words(violation, valueAt(body, violation));
  return { loc: ["body", ...violation.path], msg, type };
}

function words(violation: Violation, value: unknown): [string, string] {
  switch (violation.code) {
    case "invalid_type":
      if (value === undefined) return ["missing", "Field required"];
      if (violation.expected === "array") return ["list_type", "Input should be a valid list"];
      if (violation.expected === "string") return ["string_type", "Input should be a valid string"];
      return ["model_attributes_type", "Input should be a valid dictionary or object to extract fields from"];
    case "too_small":
      return ["string_too_short", `String should have at least ${violation.minimum} character`];
    case "too_big":
      return ["string_too_long", `String should have at most ${violation.maximum} characters`];
  }
  if (ruleOf(violation) === "too_many") return ["too_long", `List should have at most ${ROLES_MAX} items`];
  return ["value_error", `Value error, ${VALUE_ERRORS[ruleOf(violation) ?? ""]}`];
}

const VALUE_ERRORS: Record<string, string> = {
  control: "control characters are not allowed",
  unknown_role: "this organization has no role with this id",
  instance_alone: "resource_instance requires resource in the same role",
  outside_context: "this role is outside roles_context",
  last_role:
    "this would remove the last role, and no roles means full access: to grant full access, omit roles_context",
  context: "roles_context must be 'system' or 'dataset:{dataset_id}'",
};
