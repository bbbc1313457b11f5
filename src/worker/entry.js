// The Worker's entry point: the handlers, as a plain object (decision 0016). scripts/build bundles it with what wasm-bindgen generates.
import { fetch, scheduled } from "bindgen";

export default { fetch, scheduled };
