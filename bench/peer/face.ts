// What a face does: say where a request goes, read a body, show a credential, word a refusal.
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

/** What a caller may do: each includes those before it. */
export const RANKS = ["stranger", "viewer", "editor", "admin"] as const;
export type Rank = (typeof RANKS)[number];

/** Where a path leads. */
export interface Location extends Place {
  /** Whether the path names this tenant; there is none in Coactive's. */
  isIn?(caller: Caller): boolean;
  /** The service account that the credential has to belong to. */
  principalId?: string;
}

export interface Wanted {
  values: Values;
  /** A token that the client chose. */
  token?: string | undefined;
  /** Violations that only what is stored can show. */
  violations: Violation[];
  /** Whether the body names roles. */
  namesRoles?: boolean;
  /** The principal that the body names, and how to refuse one that there is not. */
  principal?: { id: string; unknown: Violation };
  /** Whether the body says that the credential is active. */
  activates?: boolean;
}

export interface Face<Shape extends z.ZodRawShape> {
  methods: Partial<Record<"GET" | "PUT" | "PATCH", Rank>>;
  paths: string[];
  tokenHeader?: string;
  /** The body's members, in the order in which violations are told. */
  body: z.ZodObject<Shape>;
  /** Throws where a header of the face's own is unusable. */
  check?(context: Ctx): void;
  locate(context: Ctx): Location;
  want(said: Said<z.infer<z.ZodObject<Shape>>>, body: object, stored: Credential, caller: Caller): Wanted;
  show(context: Ctx, credential: Credential, token: string, rank: Rank): Response;
  fail(context: Ctx, reason: Reason): Response;
}
