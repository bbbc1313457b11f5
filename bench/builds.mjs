// Compares the working tree's build with that of an older commit: the same requests in interleaved rounds, with the statements as they
// are (warm), and with a new text for each statement (cold).
import { loaded, perName, turned } from "./measure.mjs";
import { prepareBuild, start } from "./sides.mjs";

export const BUILD_OPS = ["put", "patch", "get", "verify", "list", "create"];
export const BUILDS = ["ours", "before"];
export const VARIANTS = ["warm", "cold"];

/** Returns for each variant, operation and build a list with an entry per round. `old` is the source tree of the older commit. */
export async function builds(plan, folder, old, progress) {
  const trees = { ours: ".", before: old };
  const [prepared, servers] = [{}, {}];
  for (const name of BUILDS) {
    prepared[name] = await prepareBuild(trees[name], `${folder}/builds-${name}`);
    servers[name] = {};
    for (const variant of VARIANTS) {
      const { side, state, options } = prepared[name][variant];
      servers[name][variant] = await start(side, state, options);
    }
  }
  const measured = perName(VARIANTS, () => perName(BUILD_OPS, () => perName(BUILDS, () => [])));
  for (let round = -1; round < plan.buildRounds; round++) {
    const warming = round < 0;
    for (const op of BUILD_OPS) {
      for (const variant of VARIANTS) {
        for (const name of turned(BUILDS, Math.max(0, round))) {
          const seconds = warming ? plan.warming / 2 : plan.buildSeconds;
          const what = warming ? "both builds, warming up" : `both builds, round ${round + 1} of ${plan.buildRounds}`;
          progress.step(what, `${op} ${name} ${variant}`, seconds + 0.2);
          const figures = await loaded(servers[name][variant], prepared[name][variant], op, seconds);
          if (!warming) measured[variant][op][name].push(figures);
        }
      }
    }
  }
  await Promise.all(BUILDS.flatMap((name) => VARIANTS.map((variant) => servers[name][variant].stop())));
  return measured;
}
