// Prints the current step and the estimated remaining time: on a terminal as one line that is overwritten, otherwise as one line for
// each kind of step.
import { BUILDS, BUILD_OPS, VARIANTS, processes } from "./builds.mjs";
import { OPS, SIDES } from "./sides.mjs";
import { DISTANCES, GROWING } from "./measure.mjs";
import { ANSWERS } from "./verify.mjs";

export class Progress {
  /** The estimated seconds of the current and later steps, and of the current step. */
  #left;
  #planned = 0;
  /** The kind of step of the last line, and when that line was written. */
  #shown = "";
  #since = 0;

  constructor(plan, phases) {
    this.#left = phases.reduce((sum, phase) => sum + SECONDS[phase](plan), 0);
  }

  /** Begins the next step of a phase, with its estimated seconds. */
  step(what, which, seconds) {
    this.#left = Math.max(0, this.#left - this.#planned);
    this.#planned = seconds;
    const left = this.#left > 90 ? `${Math.ceil(this.#left / 60)} min` : `${Math.ceil(this.#left)} s`;
    this.#show(what, `${what}: ${which}, about ${left} left`);
  }

  /** Reports a step that the estimate does not include. */
  say(what) {
    this.#show(what, what);
  }

  #show(kind, line) {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${line}`);
    } else if (kind !== this.#shown && Date.now() - this.#since > 1000) {
      process.stderr.write(`${line}\n`);
      this.#since = Date.now();
      this.#shown = kind;
    }
  }

  end() {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

// The estimated seconds of each phase. Only the display uses them.
const pairs = OPS.length * SIDES.length;
const loads = ({ rounds, seconds, warming }) => warming + 0.2 + rounds * (seconds + 0.2);
const SECONDS = {
  throughput: (plan) => pairs * loads(plan),
  distance: ({ distanceRounds, distances }) => {
    const trips = OPS.length * 8; // of all sides together: ours 1, the peers 4 and 2, the floor 1
    const round = DISTANCES.reduce((sum, delay) => sum + (distances[delay] * (delay + 3) * trips) / 1000, 0);
    return pairs + distanceRounds * round;
  },
  growth: ({ sizes }) => sizes.length * (1 + GROWING.length * 3 * 0.5),
  builds: (plan) =>
    BUILDS.length *
    BUILD_OPS.length *
    VARIANTS.length *
    (processes(plan) * (plan.warming / 2 + 0.2) + plan.buildRounds * (plan.buildSeconds + 0.2)),
  verify: (plan) => ANSWERS.length * (1 + loads(plan)),
  footprint: ({ starts, filled }) => SIDES.length * (starts * 1.5 + filled / 700),
};
