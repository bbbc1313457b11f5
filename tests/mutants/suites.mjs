// The native test suites, and which of them are nearest to a file.

/**
 * The first row whose pattern is in a file's path names the suites to run first, in this order: of those that take seconds. The
 * others run for many mutants at a time.
 */
const NEAREST = [
  [/^migrations\//, ["store", "both", "own", "faces"]],
  [/^src\/store\/(list|page|shape|history|verify|idempotency|sql\/(list_|events_|verify|idempotency_))/, ["both", "own", "faces", "store"]],
  [/^src\/store\/(after|sql\/(credential_note_|secret_(note_|rekey)))/, ["keys", "store", "both", "own"]],
  [/^src\/store\/(delete|sql\/(\w+_delete|secrets?_end))/, ["store", "both", "faces", "own"]],
  [/^src\/store\/(principal|tenant|sql\/(thing_change|thing_create|credential_set|tenant_label))/, ["both", "faces", "own", "store"]],
  [/^src\/store\/fault|^src\/store\.rs|^src\/service\/failed/, ["lib", "both", "own", "faults"]],
  [/^src\/store\//, ["both", "own", "store", "faces"]],
  [/^src\/face\/postern/, ["both", "own", "description", "snapshots"]],
  [/^src\/face/, ["both", "faces", "snapshots", "own"]],
  [/^src\/credential\/secret/, ["lib", "keys", "both", "own", "faces"]],
  [/^src\/jwt/, ["jwt", "lib"]],
  [/^src\/credential/, ["lib", "both", "own", "faces"]],
  [/^src\/service|^src\/refusal/, ["both", "own", "faces", "snapshots"]],
  [/^src\//, ["lib", "both", "faces", "own"]],
];

/** Every target that plain `cargo test` runs, from the output of `cargo metadata`. */
export function suitesOf(metadata) {
  const { targets } = metadata.packages.find(({ name }) => name === "postern");
  const tested = targets.filter(({ kind, test }) => test && !kind.includes("bin"));
  return tested.map(({ kind, name }) => (kind.includes("test") ? name : "lib"));
}

/** The arguments by which cargo runs a suite. */
export const argumentsOf = (suite) => (suite === "lib" ? ["--lib"] : ["--test", suite]);

/** The existing suites nearest to a file. */
export const nearest = (file, suites) => NEAREST.find(([pattern]) => pattern.test(file))[1].filter((name) => suites.includes(name));
