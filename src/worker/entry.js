// What the platform calls. worker-build's own entry gives each request an instance of a class, behind proxies that make a new
// instance of the wasm after a trap; wasm-bindgen does that as well, at the next call, and a plain object costs less (decision 0016).
import Worker from "worker-build";

const { fetch, scheduled } = Worker.prototype;

export default {
  fetch: (request, env, ctx) => fetch.call({ env, ctx }, request),
  scheduled: (event, env, ctx) => scheduled.call({ env, ctx }, event),
};
