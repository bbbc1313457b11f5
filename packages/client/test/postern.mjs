// A service like Postern for the tests: it answers what a function returns, and notes the requests.

/**
 * @param {(request: {method: string, path: string, headers: Headers, body: any, signal: AbortSignal}) => unknown} answer returns
 *   `[status, body, headers]`, or throws as fetch does
 */
export function service(answer) {
  const requests = [];
  return {
    requests,
    async fetch(url, { method, headers, body, signal }) {
      const { pathname, search } = new URL(url);
      const request = { method, path: pathname + search, headers: new Headers(headers), text: body, signal };
      requests.push(request);
      const [status, json, given = {}] = await answer({ ...request, number: requests.length, body: read(body) });
      const isProblem = status >= 400;
      const type = { "content-type": isProblem ? "application/problem+json" : "application/json" };
      return new Response(json && JSON.stringify(json), { status, headers: { ...(json && type), ...given } });
    },
  };
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const problem = (status, code, headers = {}, more = {}) => [status, { status, code, title: `title of ${code}`, ...more }, headers];
