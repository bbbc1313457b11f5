// Where the parts of the package are: the OpenAPI description, the built Worker with its assets, and the migrations.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
/** A checkout of the repository has them where the build puts them; an installed package has copies in dist/ (fill.js). */
const isCheckout = existsSync(at("../../../Cargo.toml")) && existsSync(at("../../../docs/openapi/postern.json"));

export const PARTS = isCheckout
  ? {
      description: at("../../../docs/openapi/postern.json"),
      worker: at("../../../build"),
      assets: at("../../../build/assets"),
      migrations: at("../../../migrations"),
      configuration: at("../../../wrangler.toml"),
    }
  : {
      description: at("../dist/openapi.json"),
      worker: at("../dist/worker"),
      assets: at("../dist/assets"),
      migrations: at("../dist/migrations"),
      configuration: at("../dist/wrangler.json"),
    };

export const { name, version } = JSON.parse(readFileSync(at("../package.json"), "utf8"));
