// The Worker's entry point. worker-build's own entry point creates an instance of a class for each request, and proxies that
// instantiate the wasm again after a trap. wasm-bindgen also does the latter at the next call, and a plain object is cheaper
// (decision 0016).
import Worker from "worker-build";

const { fetch, scheduled } = Worker.prototype;

export default {
  fetch: (request, env, ctx) => fetch.call({ env, ctx }, request),
  scheduled: (event, env, ctx) => scheduled.call({ env, ctx }, event),
};
