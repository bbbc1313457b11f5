// The lifecycle of a request, the same for each face: read the body, find the caller and the credential, check, change, respond.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import type * as z from "zod";
import { addsRoles, changesOf, widens } from "./change";
import { type Ctx, type Env, type Face, type Rank, RANKS, type Wanted } from "./face";
import { coactive } from "./faces/coactive";
import { keycard } from "./faces/keycard";
import { litegraph } from "./faces/litegraph";
import { type Reason, Refusal, refuse } from "./refusal";
import type { Role } from "./schema";
import { type Caller, type Change, type Credential, type Store, type Target, TokenTaken } from "./store";
import { digestOf, isToken, type Keys, keysOf, open, seal } from "./tokens";
import { inOrder, read, type Said } from "./validation";

export function createApp(openStore: (database: D1Database) => Store) {
  const stores = new WeakMap<D1Database, Store>();
  const storeOf = (database: D1Database) => {
    let store = stores.get(database);
    if (!store) stores.set(database, (store = openStore(database)));
    return store;
  };
  const app = new Hono<{ Bindings: Env }>();
  app.use(requestId());
  mount(app, coactive, storeOf);
  mount(app, litegraph, storeOf);
  mount(app, keycard, storeOf);
  return app;
}

function mount<Shape extends z.ZodRawShape>(
  app: Hono<{ Bindings: Env }>,
  face: Face<Shape>,
  storeOf: (database: D1Database) => Store,
) {
  const routes = new Hono<{ Bindings: Env; Variables: { requestId: string } }>();
  const tooLarge = bodyLimit({ maxSize: 64 * 1024, onError: (context) => fail(context, { kind: "too_large" }) });
  const fail = (context: Ctx, reason: Reason) => {
    const answer = face.fail(context, reason);
    const challenge = challengeOf(context, face, reason, answer.status);
    if (challenge !== undefined) answer.headers.set("WWW-Authenticate", challenge);
    return answer;
  };
  for (const [method, need] of Object.entries(face.methods)) {
    const answer = method === "GET" ? retrieve : update;
    routes.on(method, face.paths, tooLarge, (context) => answer(context, face, need, storeOf(context.env.DB)));
  }
  routes.onError((error, context) => {
    if (error instanceof Refusal) return fail(context, error.reason);
    console.error(`request ${context.get("requestId")}:`, error);
    return fail(context, { kind: "broken" });
  });
  app.route("/", routes);
}

async function retrieve<Shape extends z.ZodRawShape>(context: Ctx, face: Face<Shape>, need: Rank, store: Store) {
  face.check?.(context);
  const keys = await keysOf(context.env.PEER_KEY);
  const { target, rank } = await load(context, face, need, store, await presented(context, face, keys));
  if (matches(context, "if-match", target) === false) refuse({ kind: "stale" });
  if (matches(context, "if-none-match", target)) return context.body(null, 304, { ETag: etag(target) });
  return show(context, face, target, rank, await reveal(keys, target));
}

async function update<Shape extends z.ZodRawShape>(context: Ctx, face: Face<Shape>, need: Rank, store: Store) {
  face.check?.(context);
  const body = await readObject(context);
  const keys = await keysOf(context.env.PEER_KEY);
  const digest = await presented(context, face, keys);
  const said = read(face.body, body);
  // If another request changes the credential between the read and the write, it is read once more.
  for (let attempt = 0; attempt < 2; attempt++) {
    const { caller, target, rank } = await load(context, face, need, store, digest);
    if (matches(context, "if-match", target) === false) refuse({ kind: "stale" });
    if (matches(context, "if-none-match", target)) refuse({ kind: "stale" });
    const wanted = face.want(said, body, target, caller);
    await judge(store, caller, target, wanted, said, body, Object.keys(face.body.shape));
    const change = await changeOf(context, keys, caller, target, wanted);
    const token = change?.token && wanted.token ? wanted.token : await reveal(keys, target);
    if (!change) return show(context, face, target, rank, token);
    const saved = await store.save(change).catch((error: unknown) => {
      throw error instanceof TokenTaken ? new Refusal({ kind: "token_taken" }) : error;
    });
    if (saved) return show(context, face, saved, rank, token);
  }
  return refuse({ kind: "busy" });
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

async function readObject(context: Ctx): Promise<object> {
  const type = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "application/json" && !/^[^/]*\/.*\+json$/.test(type)) refuse({ kind: "media_type" });
  const bytes = await context.req.arrayBuffer();
  let text: string;
  let body: unknown;
  try {
    text = decoder.decode(bytes);
  } catch {
    return refuse({ kind: "unreadable", words: "The body is not valid UTF-8. Encode it as UTF-8." });
  }
  try {
    body = JSON.parse(text);
  } catch {
    return refuse({ kind: "unreadable", words: "The body is not valid JSON." });
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse({ kind: "unreadable", words: "The body is not a JSON object. Send an object." });
  }
  return body;
}

/** Returns the digest of the caller's token. */
/** RFC 6750 §3: an error only for a caller that presented a token, or that lacks a right. */
function challengeOf(context: Ctx, { tokenHeader }: { tokenHeader?: string }, { kind }: Reason, status: number) {
  if (kind === "forbidden") return 'Bearer realm="postern", error="insufficient_scope"';
  if (status !== 401) return undefined;
  const authorization = context.req.header("authorization");
  const token = authorization === undefined ? tokenHeader && context.req.header(tokenHeader) : /^bearer +\S/i.test(authorization.trim());
  const isRefused = token && (kind === "unauthenticated" || kind === "inactive");
  return `Bearer realm="postern"${isRefused ? ', error="invalid_token"' : ""}`;
}

async function presented(context: Ctx, { tokenHeader }: { tokenHeader?: string }, keys: Keys): Promise<string> {
  const authorization = context.req.header("authorization");
  const token =
    authorization === undefined
      ? tokenHeader && context.req.header(tokenHeader)?.trim()
      : /^bearer +(\S+)$/i.exec(authorization.trim())?.[1];
  if (token === undefined || !isToken(token)) return refuse({ kind: "unauthenticated" });
  return digestOf(keys, token);
}

async function load<Shape extends z.ZodRawShape>(
  context: Ctx,
  face: Face<Shape>,
  need: Rank,
  store: Store,
  digest: string,
) {
  const now = Date.now();
  const place = face.locate(context);
  let rank: Rank = "stranger";
  const { caller, target } = await store.load(digest, place, (caller) => {
    if (!caller || caller.revokedAt || ended(caller.expiresAt, now) || ended(caller.secretExpiresAt, now)) {
      refuse({ kind: "unauthenticated" });
    }
    if (!caller.enabled || !caller.principalEnabled || !caller.tenantEnabled) refuse({ kind: "inactive" });
    noteUse(context, store, caller, now);
    rank = rankOf(caller.roles);
    if (RANKS.indexOf(rank) < RANKS.indexOf(need)) refuse({ kind: "forbidden" });
    if (place.isIn && !place.isIn(caller)) refuse({ kind: "missing", what: "tenant" });
    return caller;
  });
  const { principalId } = place;
  if (principalId !== undefined && target?.principalId !== principalId) {
    const known = await store.hasPrincipal(caller.tenantId, principalId);
    return refuse({ kind: "missing", what: known ? "credential" : "principal" });
  }
  return { caller, target: target ?? refuse({ kind: "missing", what: "credential" }), rank };
}

const ended = (at: Date | null, now: number) => at !== null && at.getTime() <= now;

// Runs after the response, at most once a minute.
function noteUse(context: Ctx, store: Store, { id, lastUsedAt }: Caller, now: number) {
  if (lastUsedAt === null || lastUsedAt.getTime() < now - 60_000) {
    context.executionCtx.waitUntil(store.touch(id, new Date(now)));
  }
}

/** Returns the caller's rank. No roles means full access; roles on a resource grant no rank. */
function rankOf(roles: Role[] | null): Rank {
  if (roles === null) return "admin";
  const held = roles.filter(({ resource }) => resource === undefined).map(({ role_id }) => role_id);
  return RANKS.findLast((rank) => rank === "stranger" || held.includes(rank)) ?? "stranger";
}

/** Throws if the body has violations, or if the tenant or the credential does not allow the change. */
async function judge<Body>(
  store: Store,
  caller: Caller,
  target: Target,
  { values, principal, violations, namesRoles, activates }: Wanted,
  said: Said<Body>,
  body: object,
  fields: string[],
) {
  const found = [...said.violations, ...violations];
  if (principal && principal.id !== target.principalId && !(await store.hasPrincipal(caller.tenantId, principal.id))) {
    found.push(principal.unknown);
  }
  if (found.length > 0) refuse({ kind: "invalid", violations: inOrder(found, fields), body });
  if (namesRoles && !caller.rbac && addsRoles(target.roles, values.roles)) refuse({ kind: "no_rbac" });
  if (activates && target.revokedAt) refuse({ kind: "revoked" });
}

/** Returns the change to be written, if anything differs. */
async function changeOf(
  context: Ctx,
  keys: Keys,
  caller: Caller,
  before: Target,
  { values, token }: Wanted,
): Promise<Change | undefined> {
  const digest = token === undefined ? undefined : await digestOf(keys, token);
  const isNew = digest !== undefined && digest !== before.digest;
  const changes = changesOf(before, values);
  if (!isNew && Object.keys(changes).length === 0) return undefined;
  const at = new Date(Math.max(Date.now(), before.updatedAt.getTime() + 1));
  const differing = Object.entries(values).filter(([field]) => (field === "principalId" ? "principal" : field) in changes);
  return {
    before,
    values: Object.fromEntries(differing),
    at,
    ...(isNew && token !== undefined && { token: { digest, sealed: await seal(keys, before.id, token) } }),
    event: {
      tenantId: before.tenantId,
      credentialId: before.id,
      revision: before.revision + 1,
      action: "updated",
      actor: caller.id,
      requestId: context.get("requestId"),
      changes: isNew ? { ...changes, token: { before: "old", after: "new" } } : changes,
      widened: widens(before, values, before.revokedAt !== null),
      createdAt: at,
    },
  };
}

const reveal = (keys: Keys, { id, sealed }: Target) => (sealed ? open(keys, id, sealed) : "");

function show<Shape extends z.ZodRawShape>(
  context: Ctx,
  face: Face<Shape>,
  credential: Credential,
  rank: Rank,
  token: string,
) {
  context.header("ETag", etag(credential));
  context.header("Cache-Control", "no-store");
  return face.show(context, credential, token, rank);
}

const etag = ({ id, revision }: Credential) => `"${id}.${revision}"`;

/** Returns whether If-Match or If-None-Match names this state; `undefined` without the header. */
function matches(context: Ctx, header: string, credential: Credential): boolean | undefined {
  const tags = context.req.header(header)?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags?.some((tag) => tag === "*" || tag === etag(credential));
}
