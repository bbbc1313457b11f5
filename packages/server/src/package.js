// Where the parts of the package are.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The built Worker with its assets (the description is one), the migrations and a configuration. fill.mjs makes it; a checkout has none. */
export const DIST = at("../dist");
export const isInstalled = existsSync(DIST);
export const DESCRIPTION = isInstalled ? join(DIST, "assets/openapi.json") : at("../../../docs/openapi/postern.json");

export const { name } = JSON.parse(readFileSync(at("../package.json"), "utf8"));

/** Returns the folder of this package as it is installed for a folder; undefined if it is not. */
export function installedFor(folder) {
  try {
    return dirname(createRequire(join(folder, "package.json")).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
