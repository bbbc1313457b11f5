// Refusals. Each face renders them in its own format.
import type { Violation } from "./validation";

export type Reason =
  | { kind: "unreadable"; words: string }
  | { kind: "media_type" | "too_large" | "unauthenticated" | "inactive" | "forbidden" }
  | { kind: "missing"; what: "tenant" | "principal" | "credential" }
  | { kind: "stale" | "no_rbac" | "revoked" | "token_taken" | "busy" | "broken" }
  | { kind: "invalid"; violations: Violation[]; body: object };

export class Refusal extends Error {
  constructor(readonly reason: Reason) {
    super(reason.kind);
  }
}

export function refuse(reason: Reason): never {
  throw new Refusal(reason);
}
