// Faces: each reads paths and bodies, and renders credentials and errors.
import type { Context } from "hono";
import type * as z from "zod";
import type { Values } from "./change";
import type { Reason } from "./refusal";
import type { Caller, Credential, Place } from "./store";
import type { Said, Violation } from "./validation";

export interface Env {
  DB: D1Database;
  /** 32 bytes in hex: the key of digests and sealed tokens. */
  PEER_KEY: string;
}

export type Ctx = Context<{ Bindings: Env; Variables: { requestId: string } }>;

/** The rank of a caller. Each includes those before it. */
export const RANKS = ["stranger", "viewer", "editor", "admin"] as const;
export type Rank = (typeof RANKS)[number];

/** What a path names. */
export interface Location extends Place {
  /** Returns whether the path names this tenant. Coactive's paths name none. */
  isIn?(caller: Caller): boolean;
  /** The service account to which the credential must belong. */
  principalId?: string;
}

export interface Wanted {
  values: Values;
  /** A token that the client chose. */
  token?: string | undefined;
  /** Violations that depend on the stored credential. */
  violations: Violation[];
  /** Whether the body names roles. */
  namesRoles?: boolean;
  /** The principal that the body names, and the refusal if it does not exist. */
  principal?: { id: string; unknown: Violation };
  /** Whether the body sets the credential to active. */
  activates?: boolean;
}

export interface Face<Shape extends z.ZodRawShape> {
  methods: Partial<Record<"GET" | "PUT" | "PATCH", Rank>>;
  paths: string[];
  tokenHeader?: string;
  /** The body's members, in the order of reported violations. */
  body: z.ZodObject<Shape>;
  /** Throws if a header that only this face has is invalid. */
  check?(context: Ctx): void;
  locate(context: Ctx): Location;
  want(said: Said<z.infer<z.ZodObject<Shape>>>, body: object, stored: Credential, caller: Caller): Wanted;
  show(context: Ctx, credential: Credential, token: string, rank: Rank): Response;
  fail(context: Ctx, reason: Reason): Response;
}
