// Verification from memory: the same request answered from the Worker's memory and by the database, and an equally large POST that the
// Worker refuses without work.
import { distance, throughput } from "./measure.mjs";
import { prepareVerify } from "./sides.mjs";

/** Where the response comes from, and how many D1 trips that must take. */
const TRIPS = { memory: 0, database: 1, refused: 0 };
export const ANSWERS = Object.keys(TRIPS);

/** Returns the figures of `throughput` and `distance`, with ANSWERS as sides. Fails if a side does not make the trips in TRIPS. */
export async function verify(plan, folder, progress) {
  const prepared = await prepareVerify(`${folder}/verify`);
  const sides = [["verify"], ANSWERS];
  const far = await distance(plan, prepared, progress, sides);
  for (const name of ANSWERS) {
    const { trips } = far.counts.verify[name];
    if (trips !== TRIPS[name]) throw new Error(`verify, ${name}: ${trips} trips a request instead of ${TRIPS[name]}`);
  }
  return { distance: far, throughput: await throughput(plan, prepared, progress, sides) };
}
