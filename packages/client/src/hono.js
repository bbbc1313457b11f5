import { Refusal, checkRequirement, createVerifier } from "./middleware.js";

export { Refusal };

/**
 * @typedef {import("./types.js").VerifierOptions} VerifierOptions
 * @typedef {Pick<VerifierOptions, "service" | "url" | "token">} Connection
 */

/**
 * A middleware for Hono that accepts requests whose token is valid and has the needed roles. Handlers find its owner in
 * `c.get("identity")`. Use one middleware for all routes with the same needs: each has a memory of its own.
 *
 * Postern is found by the service binding `POSTERN`, or at the address `POSTERN_URL`, and asked with the token `POSTERN_TOKEN`, unless
 * `connect` returns something else.
 *
 * @param {import("./types.js").Requirement & Omit<VerifierOptions, keyof Connection> & {connect?: (env: any) => Connection}} options
 * @returns {import("hono").MiddlewareHandler<{Bindings: any, Variables: {identity: import("./types.js").Identity}}>}
 */
export function verifyCredential({ connect = fromEnvironment, ...options }) {
  checkRequirement(options);
  /** @type {Connection | undefined} */
  let latest;
  /** @type {ReturnType<typeof createVerifier> | undefined} */
  let verify;
  return async (c, next) => {
    const { service, url, token } = connect(c.env);
    // What was verified at one Postern is not valid at another.
    if (!verify || service !== latest?.service || url !== latest?.url || token !== latest?.token) {
      latest = { service, url, token };
      verify = createVerifier({ ...options, ...latest });
    }
    try {
      c.set("identity", await verify(c.req.raw, options));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // The client cannot do anything about it.
      if (error.status === 503) console.error(`${error.message}: ${error.cause}`);
      return error.response();
    }
    await next();
  };
}

/**
 * @param {{POSTERN?: import("./types.js").Service, POSTERN_URL?: string, POSTERN_TOKEN?: string} | undefined} env
 * @returns {Connection}
 */
function fromEnvironment(env) {
  return { service: env?.POSTERN, url: env?.POSTERN_URL, token: env?.POSTERN_TOKEN };
}
