// Wraps the Worker of tests/faults/front.mjs for tests/isolates.mjs: POST /-/memory searches the memory of the wasm for a list of texts.
import { search } from "./memory.js";
import faults from "./faults.js";

export default {
  ...faults,
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === "/-/memory") return Response.json(search(await request.json()));
    return faults.fetch(request, env, context);
  },
};
