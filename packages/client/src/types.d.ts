// The types of the client, derived from those of the description (openapi.d.ts).
import type { components, operations } from "./openapi.js";

export type { components, operations } from "./openapi.js";

/** A line of the table of operations (operations.js). */
export interface Operation {
  method: string;
  path: string;
  query: string[];
  header: string[];
  /** The statuses of success, and whether their responses have JSON. */
  statuses: number[];
  hasData: boolean;
  /** The media type of the body. */
  body?: string;
  /** Whether it changes nothing, so that it may be sent again. */
  isRead: boolean;
  /** Whether the client's token is sent. */
  takesToken: boolean;
}

/** What a service binding of Cloudflare Workers has. */
export interface Service {
  fetch(input: string, init?: RequestInit): Promise<Response>;
}

export interface ClientOptions {
  /** A service binding to Postern. It is used even if there is a `url`. */
  service?: Service | undefined;
  /** The address of Postern, if there is no `service`. */
  url?: string | undefined;
  /** The caller's credential: a secret or an access token; or a function that returns it before each attempt. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** How often a request is sent at most, where sending it again is safe. Default: 3. */
  attempts?: number | undefined;
  /** How long to wait for a response, in seconds, each time. Default: 15; Postern itself waits 10 for its database. */
  timeoutSeconds?: number | undefined;
  /** The `Retry-After` above which a request is not sent again. Default: 5. */
  maxRetryAfterSeconds?: number | undefined;
}

export interface RequestOptions {
  /** Aborts the request, and the wait before it is sent again. */
  signal?: AbortSignal | undefined;
}

type Given<T> = [T] extends [undefined] ? {} : NonNullable<T>;
type Flat<T> = { [Name in keyof T]: T[Name] };
type OptionalKey<T> = Omit<T, "Idempotency-Key"> & Partial<Pick<T, keyof T & "Idempotency-Key">>;

type Body<O> = O extends { requestBody: { content: infer C } }
  ? { body: C[keyof C] }
  : O extends { requestBody?: { content: infer C } }
    ? { body?: C[keyof C] }
    : {};

type ParametersOf<P> = P extends { path?: infer A; query?: infer B; header?: infer C }
  ? Given<A> & Given<B> & OptionalKey<Given<C>>
  : never;

/** What an operation takes: the parameters of its path, query and headers by name, and its body. */
export type Input<O> = Flat<(O extends { parameters: infer P } ? ParametersOf<P> : never) & Body<O>>;

/** What an operation returns. */
export type Output<O> = O extends { responses: infer R }
  ? {
      [S in keyof R & (200 | 201 | 204)]: {
        status: S;
        headers: Headers;
        data: R[S] extends { content: infer C } ? C[keyof C] : undefined;
      };
    }[keyof R & (200 | 201 | 204)]
  : never;

/** What a read returns if its `If-None-Match` matches. */
export interface NotModified {
  status: 304;
  headers: Headers;
  data: undefined;
}

export type Method<O> = O extends { responses: { 304: unknown } }
  ? {
      (input: Input<O> & { "If-None-Match": string }, options?: RequestOptions): Promise<Output<O> | NotModified>;
      (input: Input<O> & { "If-None-Match"?: undefined }, options?: RequestOptions): Promise<Output<O>>;
    }
  : {} extends Input<O>
    ? (input?: Input<O>, options?: RequestOptions) => Promise<Output<O>>
    : (input: Input<O>, options?: RequestOptions) => Promise<Output<O>>;

/** A method for each operation, under its `operationId`. */
export type Client = { readonly [Name in keyof operations]: Method<operations[Name]> };

export type Violation = components["schemas"]["Violation"];
export type Verified = components["schemas"]["Verified"];

/** The roles that a token must have: all of them, or at least one of them. */
export type Needs = components["schemas"]["NeedsAll"] | components["schemas"]["NeedsAny"];

/** The owner of a valid token. */
export type Identity = Required<Pick<Verified, "tenant" | "principal" | "credential" | "name" | "roles" | "access" | "secret">> &
  Pick<Verified, "checked_at"> & { expires_at: string | null };

export interface VerifierOptions extends ClientOptions {
  /** How many valid tokens are remembered at most. Default: 1,000. */
  maxEntries?: number | undefined;
  /** The realm of `WWW-Authenticate`. Default: `api`. */
  realm?: string | undefined;
  /** Returns the time in ms by each clock, the wall clock first. An age is the greatest by all of them. For tests. */
  clocks?: (() => number[]) | undefined;
}

export interface Requirement {
  /** The roles that the token needs; null accepts every valid token. */
  needs: Needs | null;
  /** How many seconds old the answer may be, 0 to 300. The settings of the tenants limit it, and apply without it. */
  maxStalenessSeconds?: number | undefined;
}
