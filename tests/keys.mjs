// node tests/keys.mjs: the output of `make keys` for a database that a Worker has filled. packages/server/src/keys.js computes
// the id of a master key itself, and the id must be the one that the Worker has written. POSTERN_STATE is the
// database, POSTERN_MASTER_KEY the key it was filled under. Prints in the format of cargo's tests, so that
// scripts/test counts them.
import { spawnSync } from "node:child_process";

const key = process.env.POSTERN_MASTER_KEY;
const [another, third] = ["ab".repeat(32), "cd".repeat(32)];

const cases = [
  ["secrets under the current key are reported as such", { current: key, previous: another }, / under \w{8}  the current key\nNone left: /],
  ["secrets under the previous key are reported as such", { current: another, previous: key }, / under \w{8}  the previous key\n[1-9]\d* left to move/],
  ["secrets under a key that is not configured are reported as such", { current: another, previous: third }, / under \w{8}  a key that is not configured: .*\n[1-9]\d* left to move/],
];

console.log(`\n     Running tests/keys.mjs\n\nrunning ${cases.length} tests`);
let failed = 0;
for (const [title, { current, previous }, says] of cases) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["scripts/keys.mjs"], {
    encoding: "utf8",
    env: { ...process.env, POSTERN_MASTER_KEY: current, POSTERN_MASTER_KEY_PREVIOUS: previous },
  });
  const good = status === 0 && says.test(stdout);
  console.log(`test ${title} ... ${good ? "ok" : "FAILED"}`);
  if (!good) {
    failed += 1;
    console.log(stdout + stderr);
  }
}
console.log(`\ntest result: ${failed ? "FAILED" : "ok"}. ${cases.length - failed} passed; ${failed} failed; 0 ignored`);
process.exitCode = failed ? 1 : 0;
