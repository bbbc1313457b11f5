// node packages/server/fill.mjs FOLDER: adds dist/ to a copy of this package: the built Worker with its assets (the OpenAPI document is
// one), the migrations, and the configuration of which `postern init` makes the user's own. `scripts/build` must have run.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [folder] = process.argv.slice(2);
const root = fileURLToPath(new URL("../..", import.meta.url));
if (!folder) throw new Error("which folder?");
const dist = join(folder, "dist");
mkdirSync(dist, { recursive: true });
for (const [from, to] of [
  ["build/index.js", "worker/index.js"],
  ["build/index_bg.wasm", "worker/index_bg.wasm"],
  ["build/assets", "assets"],
  ["migrations", "migrations"],
]) {
  cpSync(join(root, from), join(dist, to), { recursive: true });
}
const { rawConfig } = createRequire(import.meta.url)("wrangler").experimental_readRawConfig({
  config: join(root, "wrangler.toml"),
});
writeFileSync(join(dist, "wrangler.json"), `${JSON.stringify(rawConfig, null, 2)}\n`);
