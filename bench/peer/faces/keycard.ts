// Keycard's API of service account credentials.
import * as z from "zod";
import { type Ctx, type Face, RANKS, type Rank } from "../face";
import { isGuid, isId, toClient } from "../ids";
import { refuse } from "../refusal";
import { sentence, text } from "../validation";

const body = z.object({ name: text(255).optional(), description: text(500, 0).nullish() });

export const keycard: Face<typeof body.shape> = {
  methods: { GET: "viewer", PATCH: "editor" },
  paths: ["/organizations/:organization/service-accounts/:account/credentials/:credential"],
  body,

  check(context) {
    const id = context.req.header("x-client-request-id");
    if (id === undefined) return;
    if (!isGuid(id)) refuse({ kind: "unreadable", words: "The header X-Client-Request-ID is not a UUID. Send a UUID, or omit the header." });
    context.set("requestId", id);
    context.header("X-Request-Id", id);
  },

  locate(context) {
    const organization = context.req.param("organization") ?? "";
    return {
      credentialId: context.req.param("credential") ?? "",
      principalId: context.req.param("account") ?? "",
      isIn: ({ tenantId, label }) => organization === (isId(organization) ? tenantId : label),
    };
  },

  want({ body: { name, description } }, _body, stored) {
    const { principalId, enabled, roles } = stored;
    return {
      values: {
        principalId,
        enabled,
        roles,
        name: name ?? stored.name,
        description: description === undefined ? stored.description : description,
      },
      violations: [],
    };
  },

  show(context, { id, createdAt, name, description, lastUsedAt }, _token, rank) {
    const may = permissions(context, rank);
    return context.json({
      id,
      client_id: toClient(id),
      created_at: createdAt.toISOString(),
      name,
      ...(description !== null && { description }),
      ...(lastUsedAt && { last_used_at: lastUsedAt.toISOString() }),
      ...(may && { permissions: may }),
    });
  },

  fail(context, reason) {
    switch (reason.kind) {
      case "invalid": {
        const { violations, body } = reason;
        return error(context, 400, "bad_request", violations.map((violation) => sentence(violation, body)).join(" "));
      }
      case "unreadable":
        return error(context, 400, "bad_request", reason.words);
      case "missing":
        return error(context, 404, "not_found", `${NOUNS[reason.what]} not found.`);
      case "unauthenticated":
      case "inactive":
        return error(context, 401, "unauthorized", "The credentials were not accepted.");
      case "forbidden":
        return error(context, 403, "forbidden", "You lack permission for this operation.");
      case "no_rbac":
        return error(context, 403, "forbidden", "This organization is not RBAC-enabled.");
      case "stale":
        return error(context, 412, "precondition_failed", "If-Match or If-None-Match does not match. Read the resource again and send its current ETag.");
      case "media_type":
        return error(context, 415, "unsupported_media_type", "The Content-Type must be application/json.");
      case "too_large":
        return error(context, 413, "too_large", "The body is larger than 64 KiB.");
      case "busy":
      case "revoked":
      case "token_taken":
        return error(context, 409, "conflict", "It was changed meanwhile: try again.");
      case "broken":
        return error(context, 500, "internal_error", "Internal error.");
    }
  },
};

const NOUNS = { tenant: "Organization", principal: "Service account", credential: "Credential" };

type Status = 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415 | 500;

const error = (context: Ctx, status: Status, code: string, message: string) =>
  context.json({ message, code, status }, status);

/** Returns the caller's permissions, if the request asks for them. */
function permissions(context: Ctx, rank: Rank) {
  const asked = [...(context.req.queries("expand") ?? []), ...(context.req.queries("expand[]") ?? [])];
  if (!asked.flatMap((value) => value.split(",")).includes("permissions")) return undefined;
  const may = (need: Rank) => RANKS.indexOf(rank) >= RANKS.indexOf(need);
  return { credentials: { read: may("viewer"), update: may("editor"), delete: may("admin") } };
}
