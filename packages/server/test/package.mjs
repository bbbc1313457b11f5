// The package as it is installed: packed from the checkout, and unpacked into a folder of its own.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { execute } from "./service.mjs";

export const INSTALLED = "node_modules/@postern/server";

/** Makes a new folder below the repository, so that the dependencies are those of the repository. */
export function workFolder() {
  mkdirSync("target", { recursive: true });
  return mkdtempSync("target/postern-server.");
}

/** Runs a program, and fails if it does. */
async function must(program, args, options) {
  const { code, stderr } = await execute(program, args, options);
  if (code !== 0) throw new Error(stderr);
}

/** Builds the package, and returns the tarball. */
export async function pack(work) {
  const into = mkdtempSync(`${work}/packages.`);
  await must("scripts/package", [], { env: { ...process.env, POSTERN_PACKAGES: into } });
  return `${into}/${readdirSync(into).find((file) => file.startsWith("postern-server-"))}`;
}

/** Returns a tarball of a package whose files were changed. */
export async function changed(tarball, change) {
  const folder = mkdtempSync(`${dirname(tarball)}/changed.`);
  await must("tar", ["-xzf", tarball, "-C", folder]);
  change(`${folder}/package`);
  await must("tar", ["-czf", `${folder}/changed.tgz`, "-C", folder, "package"]);
  return `${folder}/changed.tgz`;
}

/** A migration as a later version could have it. */
const ADDITION = `ALTER TABLE credentials ADD COLUMN made_up TEXT CHECK (made_up IS NULL OR length(made_up) > 3);
CREATE TABLE made_up (id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TRIGGER made_up_written AFTER INSERT ON credentials BEGIN INSERT INTO made_up (id) VALUES (new.id); END;
DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 9999 AS version;
`;

/** Changes the files of a package into those of another version, which may have another migration. */
export const as = (version, migration) => (folder) => {
  const edit = (file, change) => {
    const value = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
    change(value);
    writeFileSync(`${folder}/${file}`, JSON.stringify(value));
  };
  edit("package.json", (value) => (value.version = version));
  edit("dist/assets/openapi.json", ({ info }) => (info.version = version));
  if (migration) writeFileSync(`${folder}/dist/migrations/9999_made_up.sql`, migration);
};
export const older = as("0.0.1");
export const newer = as("9.9.9", ADDITION);

/** Installs a tarball into a folder, as npm does, in place of another version. */
export async function installed(folder, tarball) {
  rmSync(`${folder}/${INSTALLED}`, { recursive: true, force: true });
  mkdirSync(`${folder}/${INSTALLED}`, { recursive: true });
  await must("tar", ["-xzf", tarball, "-C", `${folder}/${INSTALLED}`, "--strip-components", "1"]);
  return folder;
}

/** Runs `postern` in a folder. */
export const run = (folder, args, { program = INSTALLED, ...options } = {}) =>
  execute(process.execPath, [`${program}/src/main.js`, ...(typeof args === "string" ? args.split(" ") : args)], { cwd: folder, ...options });

export const files = (folder) => readdirSync(folder, { recursive: true }).sort();
export const text = (folder, file) => readFileSync(`${folder}/${file}`, "utf8");

/** Starts `postern dev`, and waits until it is ready. `stop` interrupts it, and returns its exit code. */
export async function serve(folder, port) {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [`${INSTALLED}/src/main.js`, "dev", "--port", String(port)], {
    cwd: folder,
    env: { PATH, HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = new Promise((resolve) => child.on("close", resolve));
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => ((output += text), output.includes("Postern is ready") && resolve()));
    ended.then(() => reject(new Error(output)));
  });
  return { output: () => output, stop: () => (child.kill("SIGINT"), ended) };
}
