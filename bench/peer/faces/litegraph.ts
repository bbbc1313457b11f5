// LiteGraph's API of credentials.
import * as z from "zod";
import type { Ctx, Face } from "../face";
import { fromGuid, toGuid } from "../ids";
import { isToken } from "../tokens";
import { broken, sentence, text } from "../validation";

const guid = text(Infinity).superRefine((value, context) => {
  if (value !== "" && !fromGuid(value)) context.addIssue(broken("id"));
});

const token = z.string().superRefine((value, context) => {
  if (value === "") return;
  if (value.startsWith("client_") && value.includes(":")) context.addIssue(broken("client"));
  else if (!isToken(value)) context.addIssue(broken("token"));
});

const body = z.object({
  UserGUID: guid,
  Name: text(255),
  Active: z.boolean().default(true),
  BearerToken: token.nullish(),
});

export const litegraph: Face<typeof body.shape> = {
  methods: { PUT: "admin" },
  paths: ["/v1.0/tenants/:tenant/credentials/:credential", "/v1.0/tenants/:tenant/credentials/:credential/"],
  tokenHeader: "x-token",
  body,

  locate(context) {
    const tenant = fromGuid(context.req.param("tenant") ?? "");
    const credentialId = fromGuid(context.req.param("credential") ?? "") ?? "";
    return { credentialId, withSecret: true, isIn: ({ tenantId }) => tenant === tenantId };
  },

  want({ body: said }, _body, stored) {
    const { description, roles, revokedAt } = stored;
    const principal = said.UserGUID === undefined ? undefined : fromGuid(said.UserGUID);
    // "Active" means enabled and not revoked, so this face cannot change `enabled` of a revoked credential.
    const enabled = revokedAt ? stored.enabled : (said.Active ?? stored.enabled);
    return {
      values: { description, roles, enabled, principalId: principal ?? stored.principalId, name: said.Name ?? stored.name },
      token: said.BearerToken || undefined,
      violations: [],
      activates: said.Active === true,
      ...(principal !== undefined && { principal: { id: principal, unknown: noUser(principal) } }),
    };
  },

  show: (context, credential, token) =>
    context.json({
      GUID: toGuid(credential.id),
      TenantGUID: toGuid(credential.tenantId),
      UserGUID: toGuid(credential.principalId),
      Name: credential.name,
      BearerToken: token,
      Active: credential.enabled && credential.revokedAt === null,
      CreatedUtc: microseconds(credential.createdAt),
      LastUpdateUtc: microseconds(credential.updatedAt),
    }),

  fail(context, reason) {
    switch (reason.kind) {
      case "invalid": {
        const { violations, body } = reason;
        return error(context, 400, "BadRequest", violations.map((violation) => sentence(violation, body)).join(" "));
      }
      case "unreadable":
        return error(context, 400, "BadRequest", reason.words);
      case "missing":
        return error(context, 404, "NotFound");
      case "unauthenticated":
        return error(context, 401, "AuthenticationFailed");
      case "inactive":
        return error(context, 401, "Inactive");
      case "forbidden":
        return error(context, 401, "AuthorizationFailed");
      case "no_rbac":
        return error(context, 401, "AuthorizationFailed", "This tenant is not RBAC-enabled.");
      case "stale":
        return error(context, 412, "Conflict", "If-Match or If-None-Match does not match. Read the resource again and send its current ETag.");
      case "media_type":
        return error(context, 415, "BadRequest", "The Content-Type must be application/json.");
      case "too_large":
        return error(context, 413, "TooLarge");
      case "revoked":
        return error(
          context,
          409,
          "Conflict",
          "The credential is revoked, and only Postern's own API restores it. Send Active: false to change its other members.",
        );
      case "token_taken":
        return error(context, 409, "Conflict", "This BearerToken cannot be used. Choose another.");
      case "busy":
        return error(context, 409, "Conflict", "The credential was changed meanwhile: try again.");
      case "broken":
        return error(context, 500, "InternalError");
    }
  },
};

const MESSAGES = {
  AuthenticationFailed: "Your authentication material was not accepted.",
  AuthorizationFailed:
    "Your authentication material was accepted, but you are not authorized to perform this request.",
  Inactive: "Your account, credentials, or the requested resource are marked as inactive.",
  BadRequest: "We were unable to discern your request.  Please check your URL, query, and request body.",
  Conflict: "Operation failed as it would create a conflict with an existing resource.",
  NotFound: "The requested resource was not found.",
  TooLarge: "The size of your request exceeds the maximum allowed: 64 KiB.",
  InternalError: "An internal error has been encountered.",
};

const noUser = (id: string) => ({ ...broken("user", ["UserGUID"]), message: `No user with GUID '${toGuid(id)}' exists.` });

type Status = 400 | 401 | 404 | 409 | 412 | 413 | 415 | 500;

const error = (context: Ctx, StatusCode: Status, Error: keyof typeof MESSAGES, Description?: string) =>
  context.json({ Error, Message: MESSAGES[Error], StatusCode, ...(Description && { Description }) }, StatusCode);

/** Renders a time with six fractional digits. */
const microseconds = (at: Date) => at.toISOString().replace("Z", "000Z");
