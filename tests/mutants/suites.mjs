// The native test suites, and which of them are nearest to a file.

/** The first row whose pattern is in a file's path names the suites to run first, in this order. */
const NEAREST = [
  [/^migrations\//, ["store", "own", "faces"]],
  [/^src\/store\/verdict/, ["own", "store", "faces", "auth", "laws"]],
  [/^src\/store\/(list|history|verify|idempotency)/, ["own", "faces", "store", "limits"]],
  [/^src\/store\/(after|note_|rekey)/, ["keys", "store", "own", "auth"]],
  [/^src\/store\/(delete|end_)/, ["store", "faces", "own"]],
  [/^src\/store\/(secret_|update\.sql|dry_run|create\.sql|read_|credential)/, ["own", "store", "faces", "laws"]],
  [/^src\/store\/(create_|update_|principal|tenant)/, ["faces", "own", "laws", "store"]],
  [/^src\/store\/fault|^src\/store\.rs|^src\/service\/failed/, ["lib", "faults", "auth"]],
  [/^src\/store\//, ["store", "own", "faces"]],
  [/^src\/face\/postern/, ["own", "description", "snapshots", "fields", "auth"]],
  [/^src\/face\/oauth/, ["faces", "snapshots", "auth", "own"]],
  [/^src\/face/, ["faces", "snapshots", "fields", "auth", "laws"]],
  [/^src\/credential\/secret/, ["lib", "keys", "own", "auth", "canary"]],
  [/^src\/credential/, ["lib", "own", "fields", "faces", "laws"]],
  [/^src\/service|^src\/refusal/, ["own", "faces", "snapshots", "faults", "auth"]],
  [/^src\//, ["lib", "faces", "own", "auth"]],
];

/** Every target that plain `cargo test` runs, from the output of `cargo metadata`. */
export function suitesOf(metadata) {
  const { targets } = metadata.packages.find(({ name }) => name === "postern");
  const tested = targets.filter(({ kind, test }) => test && !kind.includes("bin"));
  return tested.map(({ kind, name }) => (kind.includes("test") ? name : "lib"));
}

/** The arguments by which cargo runs a suite. */
export const argumentsOf = (suite) => (suite === "lib" ? ["--lib"] : ["--test", suite]);

/** The suites in the order in which they are run for a mutant of this file: the nearest, then the others, the quickest first. */
export function inOrder(file, suites, seconds) {
  const nearest = NEAREST.find(([pattern]) => pattern.test(file))[1].filter((name) => suites.includes(name));
  const others = suites.filter((name) => !nearest.includes(name));
  return [...nearest, ...others.sort((a, b) => (seconds[a] ?? 0) - (seconds[b] ?? 0))];
}
