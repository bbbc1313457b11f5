// Where a new secret goes. It exists only in the response, so the place is prepared before the request is sent.
import { closeSync, openSync, unlinkSync, writeSync, fsyncSync } from "node:fs";
import { wrongUse } from "./failure.js";
import { safe } from "./output.js";

/** Returns where a new secret is written to. Fails if there is no such place. */
export function prepareReveal({ out, json, flag = "--out" }) {
  if (out !== undefined) return new SecretFile(out, flag);
  if (json || process.stdout.isTTY) return { keep() {}, discard() {} };
  throw wrongUse(
    "The response has a secret. Without a terminal, give --out FILE for the secret, or --json to print it with the rest.",
  );
}

class SecretFile {
  constructor(path, flag) {
    this.path = path;
    try {
      // Never an existing file: it could be another secret, and others could be able to read it.
      this.file = openSync(path, "wx", 0o600);
    } catch (error) {
      throw wrongUse(`The file of ${flag} cannot be created: ${safe(error.message)}`);
    }
  }
  keep(secret) {
    writeSync(this.file, `${secret}\n`);
    fsyncSync(this.file);
    closeSync(this.file);
  }
  discard() {
    closeSync(this.file);
    unlinkSync(this.path);
  }
}
