#!/usr/bin/env node
// The program `postern`. docs/COMMANDS.md has its commands and exit codes.
import { CommanderError } from "commander";
import { EXIT, Failure } from "./failure.js";
import { Refusal } from "./connection.js";
import { errorLines } from "./problem.js";
import { createProgram } from "./program.js";
import { json } from "./output.js";

/** The forms of tokens: those that Postern makes (an id, 256 bits, a checksum), access tokens, and the root tokens of `init`. */
const TOKEN =
  /[0-7][0-9a-hjkmnp-tv-z]{25}_[0-9a-hjkmnp-tv-z]{52}_[0-9a-hjkmnp-tv-z]{7}|_at_[0-7][0-9a-hjkmnp-tv-z]{25}_\d|root_[0-9a-f]{48}/;

process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.refused));

/** Runs a command, reports its error, and sets the exit code. */
async function finish(work, { fields, json: isJson } = {}) {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof Failure || error instanceof Refusal)) throw error;
    if (isJson && error.response?.json) process.stdout.write(`${json(error.response.json)}\n`);
    process.stderr.write(`${errorLines(error, fields).join("\n")}\n`);
    process.exitCode = error.exit;
  }
}

const words = process.argv.slice(2);
if (words.some((word) => TOKEN.test(word))) {
  process.stderr.write(
    "error: An argument is a secret. Other users of this machine can read arguments, and your shell may have kept it: rotate that secret.\n" +
      "  Secrets are read from a prompt, from a file or from standard input: see --help.\n",
  );
  process.exit(EXIT.wrongUse);
}
const program = createProgram(finish);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
}
