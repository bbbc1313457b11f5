/**
 * @typedef {{status?: number, code?: string | undefined, detail?: string | undefined, violations?: import("./types.js").Violation[],
 *   retryAfterSeconds?: number | undefined, requestId?: string | undefined, isOutcomeUnknown?: boolean}} Members
 */

/** An error of Postern, or of the way to it. It contains no token. */
export class PosternError extends Error {
  /**
   * @param {string} message
   * @param {Members} members
   * @param {ErrorOptions} [options]
   */
  constructor(message, members, options) {
    super(message, options);
    this.name = "PosternError";
    /** The status of the response; 0 if there was none. */
    this.status = members.status ?? 0;
    /** The stable code (docs/ERRORS.md), or the error of OAuth; undefined if the response is not Postern's. */
    this.code = members.code;
    /** What to do about it. */
    this.detail = members.detail;
    /** What is wrong with each member of the body or parameter of the query. */
    this.violations = members.violations ?? [];
    /** The seconds of `Retry-After`. */
    this.retryAfterSeconds = members.retryAfterSeconds;
    /** The id of the request, which Postern's log and history have. */
    this.requestId = members.requestId;
    /** Whether there was no response. */
    this.isUnreachable = this.status === 0;
    /** Whether a change may have been made nevertheless. */
    this.isOutcomeUnknown = members.isOutcomeUnknown ?? false;
  }

  /**
   * @param {unknown} cause
   * @param {boolean} isWrite
   */
  static unreachable(cause, isWrite) {
    return new PosternError(`Postern did not respond: ${cause}`, { isOutcomeUnknown: isWrite }, { cause });
  }

  /**
   * @param {Response} response
   * @param {any} body the JSON of the response, if it has any
   * @param {boolean} isWrite
   */
  static of({ status, headers }, body, isWrite) {
    const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : undefined);
    const code = text(body?.code) ?? text(body?.error);
    const detail = text(body?.detail) ?? text(body?.error_description);
    const title = code === undefined ? "The response is not one of Postern" : (text(body.title) ?? code);
    const retryAfter = headers.get("Retry-After") ?? "";
    return new PosternError(`${title} (${status})${detail === undefined ? "" : `: ${detail}`}`, {
      status,
      code,
      detail,
      violations: Array.isArray(body?.violations) ? body.violations : [],
      retryAfterSeconds: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined,
      requestId: headers.get("X-Request-Id") ?? undefined,
      // Something between here and Postern may have failed after the change.
      isOutcomeUnknown: isWrite && (code === undefined ? status >= 500 || status < 400 : code === "outcome_unknown"),
    });
  }
}
