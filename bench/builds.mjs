// Compares the working tree's build with that of an older commit: the same requests in interleaved rounds, with the statements as they
// are (warm), and with a new text for each statement (cold).
import { loaded, perName, turned } from "./measure.mjs";
import { prepareBuild, start } from "./sides.mjs";

export const BUILD_OPS = ["put", "patch", "get", "verify", "list", "create"];
export const BUILDS = ["ours", "before"];
export const VARIANTS = ["warm", "cold"];

/** The rounds of one process of each server. How fast V8's code is differs by a few percent from one process to the next. */
const ROUNDS_OF_PROCESS = 5;

/** How many processes each server has one after another. */
export const processes = ({ buildRounds }) => Math.ceil(buildRounds / ROUNDS_OF_PROCESS);

/** Returns for each variant, operation and build a list with an entry per round. `old` is the source tree of the older commit. */
export async function builds(plan, folder, old, progress) {
  const trees = { ours: ".", before: old };
  const prepared = {};
  for (const name of BUILDS) prepared[name] = await prepareBuild(trees[name], `${folder}/builds-${name}`);
  const measured = perName(VARIANTS, () => perName(BUILD_OPS, () => perName(BUILDS, () => [])));
  let servers = [];
  const round = async (what, first, seconds, keep) => {
    for (const op of BUILD_OPS) {
      for (const variant of VARIANTS) {
        for (const name of turned(BUILDS, first)) {
          progress.step(`both builds, ${what}`, `${op} ${name} ${variant}`, seconds + 0.2);
          const { server } = servers.find((one) => one.name === name && one.variant === variant);
          keep(variant, op, name, await loaded(server, prepared[name][variant], op, seconds));
        }
      }
    }
  };
  const stop = () => Promise.all(servers.map(({ server }) => server.stop()));
  for (let at = 0; at < plan.buildRounds; at++) {
    if (at % ROUNDS_OF_PROCESS === 0) {
      await stop();
      servers = [];
      for (const name of BUILDS) {
        for (const variant of VARIANTS) {
          const { side, state, options } = prepared[name][variant];
          servers.push({ name, variant, server: await start(side, state, options) });
        }
      }
      await round("warming up", 0, plan.warming / 2, () => {});
    }
    await round(`round ${at + 1} of ${plan.buildRounds}`, at, plan.buildSeconds, (variant, op, name, figures) => {
      measured[variant][op][name].push(figures);
    });
  }
  await stop();
  return measured;
}
