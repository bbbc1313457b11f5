// `make keys`: counts the secrets under each master key, as `postern master-key` does. A row moves to the current key when its holder
// calls Postern with the secret, or when it is revealed. POSTERN_MASTER_KEY_PREVIOUS can be removed when no secret is under another key.
//
//   make keys               the local database (POSTERN_STATE), with the keys of the environment, or of .dev.vars
//   make keys ON=--remote   the deployed database, with the keys of the environment, or of the file that `make deploy` wrote
//   node scripts/keys.mjs [--remote]      the same, without setup
//
// WRANGLER_CONFIG=wrangler.toml   another configuration
import { masterKey } from "../packages/server/src/keys.js";

const { WRANGLER_CONFIG: config = "wrangler.toml", POSTERN_STATE: state = ".wrangler/state" } = process.env;
try {
  await masterKey(".", { config, state, remote: process.argv.includes("--remote") });
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
