// What the program reads: files, standard input, and answers of people at a terminal.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { safe } from "./output.js";

/** The flag whose file is standard input. There can be only one. */
let reader;

/** Returns the text of a file; `-` is standard input. `flag` is the flag that names the file. */
export function readText(file, flag) {
  if (file === "-") {
    if (reader && reader !== flag) throw wrongUse(`${reader} and ${flag} cannot both be read from standard input.`);
    reader = flag;
  }
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw wrongUse(`The file of ${flag} cannot be read: ${safe(error.message)}`);
  }
}

/** Returns a secret without the end of its line. It must fit into a header. */
export function cleanSecret(text, name) {
  const secret = text.replace(/\r?\n$/, "");
  if (!/^[!-~]+$/.test(secret)) throw wrongUse(`${name} must be one line of visible ASCII characters.`);
  return secret;
}

export const isTerminal = () => Boolean(process.stdin.isTTY && process.stderr.isTTY);

/** Asks a question, and shows what is typed only if `isShown`. */
function question(text, isShown) {
  const nowhere = new Writable({ write: (chunk, encoding, done) => done() });
  const line = createInterface({
    input: process.stdin,
    output: isShown ? process.stderr : nowhere,
    terminal: true,
    historySize: 0,
  });
  // From here on the terminal itself shows nothing: no prompt invites anyone to type before.
  if (!isShown) process.stderr.write(text);
  return new Promise((resolve, reject) => {
    const interrupted = () => reject(new Failure(EXIT.interrupted, "Interrupted."));
    line.once("SIGINT", interrupted).once("close", interrupted);
    line.question(isShown ? text : "", resolve);
  }).finally(() => {
    line.close();
    if (!isShown) process.stderr.write("\n");
  });
}

/** Asks for a secret, without showing what is typed. */
export const askSecret = async (name) => cleanSecret(await question(`${name}: `, false), name);

/** Asks a person for a text. */
export const ask = (text) => question(text, true);

/** Asks whether to do what cannot be undone. `yes` is the flag --yes, which programs give. */
export async function confirm(text, yes) {
  if (yes) return;
  if (!isTerminal()) throw wrongUse(`${text} Without a terminal to ask at, give --yes.`);
  const answer = await question(`${text} Type yes to continue: `, true);
  if (answer.trim() !== "yes") throw wrongUse("Not confirmed. Nothing was changed.");
}
