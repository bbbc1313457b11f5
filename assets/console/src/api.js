// Requests to the API of the same origin. The token is only in the closure of `connect`.

const RANKS = { none: 0, verify: 1, verify_all: 1, read: 2, edit: 3, admin: 4 };

/** Why a request failed: the problem document of the API, or what is known without one. */
export class Problem extends Error {
  constructor({ status = 0, code = "", title, detail = "", violations = [] }, requestId = null) {
    super(title);
    Object.assign(this, { status, code, title, detail, violations, requestId });
  }

  /** The violations of the members of the body whose JSON pointer is `pointer` or below it. */
  at(pointer) {
    return this.violations.filter((violation) => `${violation.pointer}/`.startsWith(`${pointer}/`));
  }
}

const unreachable = () =>
  new Problem({ code: "unreachable", title: "No response", detail: "Check the connection, and send the request again." });

async function problem(answer) {
  const requestId = answer.headers.get("x-request-id");
  try {
    const body = await answer.json();
    if (typeof body.title === "string") return new Problem({ ...body, status: answer.status }, requestId);
  } catch {
    // Not a problem document: a proxy's response, or a response that broke off.
  }
  return new Problem({ status: answer.status, title: `The response has the status ${answer.status}` }, requestId);
}

/** Returns `send`, which sends a request with this token. `rejected` is called after a 401. */
function connect(token, rejected) {
  return async function send(method, path, { query, body, etag, key } = {}) {
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (etag) headers["If-Match"] = etag;
    if (key) headers["Idempotency-Key"] = key;
    const filters = new URLSearchParams(query).toString();
    let answer;
    try {
      answer = await fetch(filters ? `${path}?${filters}` : path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(60_000),
      });
    } catch {
      throw unreachable();
    }
    if (!answer.ok) {
      const failed = await problem(answer);
      if (answer.status === 401) rejected(failed);
      throw failed;
    }
    try {
      return {
        // A removal has no body.
        data: answer.status === 204 ? null : await answer.json(),
        etag: answer.headers.get("etag"),
        retiring: answer.headers.get("sunset"),
        effective: answer.headers.get("postern-effective-by"),
      };
    } catch {
      throw unreachable();
    }
  };
}

/** Signs in: returns the session of this token. `ended` is called when the token is no longer accepted. */
export async function signIn(token, ended) {
  if (!/^[!-~]{1,1024}$/.test(token)) {
    throw new Problem({ title: "This is not a token", detail: "Enter the secret of a credential, or an access token." });
  }
  let self = null;
  const send = connect(token, (failed) => self && ended(failed));
  try {
    const answer = await send("GET", "/v1/self");
    const rank = RANKS[answer.data.access] ?? 0;
    if (rank < RANKS.read) {
      throw new Problem({
        title: `This credential has access ${answer.data.access}`,
        detail: "The console requires access read, edit or admin.",
      });
    }
    self = answer.data;
    const tenant = `/v1/tenants/${self.tenant}`;
    return {
      self,
      send,
      tenant,
      retiring: answer.retiring,
      mayEdit: rank >= RANKS.edit,
      mayManage: rank >= RANKS.admin,
    };
  } catch (failed) {
    // Only the root token gets a 403 here, since it is not a credential.
    if (failed.status !== 403) throw failed;
    throw new Problem({
      title: "The root token cannot sign in here",
      detail: "Enter the secret of a credential with access read, edit or admin.",
    });
  }
}

/** Keeps an `Idempotency-Key` as long as the same body is sent, so that sending it again is safe. */
export function keyOfBody() {
  let last = null;
  return (body) => {
    const text = JSON.stringify(body);
    if (last?.text !== text) last = { text, key: crypto.getRandomValues(new Uint8Array(16)).toString().replaceAll(",", "-") };
    return last.key;
  };
}
