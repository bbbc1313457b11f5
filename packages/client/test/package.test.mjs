// The package that `make package` builds.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

const version = readFileSync("Cargo.toml", "utf8").match(/^version = "(.*)"$/m)[1];
const folder = mkdtempSync(`${tmpdir()}/postern-package-test.`);
const archive = `postern-client-${version}.tgz`;
const installed = `${folder}/node_modules/@postern/client`;

const node = (...options) => execFileSync(process.execPath, options, { cwd: folder, encoding: "utf8" });
/** Compiles a file in the folder. Throws with the errors of the compiler. */
function compile(file, code, { lib = ["es2023", "dom", "dom.iterable"], types = [] } = {}) {
  writeFileSync(`${folder}/${file}`, code);
  // Also checks the package's own declarations (skipLibCheck is off).
  const compilerOptions = { target: "es2022", lib, types, module: "nodenext", strict: true, noEmit: true };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: [file] }));
  try {
    node(`${process.cwd()}/node_modules/typescript/bin/tsc`);
  } catch ({ stdout }) {
    throw new Error(stdout);
  }
}

before(() => {
  execFileSync("scripts/package", { env: { ...process.env, POSTERN_PACKAGES: `${folder}/packages` }, stdio: "ignore" });
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", `${folder}/packages/${archive}`, "-C", installed, "--strip-components", "1"]);
  writeFileSync(`${folder}/package.json`, '{"type": "module"}');
});
after(() => rmSync(folder, { recursive: true }));

test("package has the sources, the types, the README and the license, and nothing else", () => {
  const files = execFileSync("tar", ["-tzf", `${folder}/packages/${archive}`], { encoding: "utf8" }).trim().split("\n");
  const modules = ["client", "error", "hono", "middleware", "operations"].flatMap((name) => [`${name}.js`, `${name}.d.ts`]);
  const sources = [...modules, "openapi.d.ts", "types.d.ts"].map((name) => `src/${name}`);
  const expected = ["LICENSE", "README.md", "package.json", ...sources].map((name) => `package/${name}`);
  assert.deepEqual(files.sort(), expected.sort());
  const { license, version: packed, dependencies, devDependencies } = JSON.parse(readFileSync(`${installed}/package.json`, "utf8"));
  assert.deepEqual([license, packed, dependencies, devDependencies], ["Apache-2.0", version, undefined, undefined]);
  assert.equal(readFileSync(`${installed}/LICENSE`, "utf8"), readFileSync("LICENSE", "utf8"));
});

test("checksum is that of the package", () => {
  const hash = createHash("sha256").update(readFileSync(`${folder}/packages/${archive}`)).digest("hex");
  assert.ok(readFileSync(`${folder}/packages/SHA256SUMS`, "utf8").split("\n").includes(`${hash}  ${archive}`));
});

test("client and middleware work and compile where Hono is not installed", () => {
  const code = 'import { createClient } from "@postern/client"; import { createVerifier } from "@postern/client/middleware";';
  const use = 'createVerifier({ url: "https://a.example", token: "b" }); console.log(typeof createClient({ url: "https://a.example" }).verify);';
  assert.equal(node("--input-type=module", "--eval", code + use), "function\n");
  compile("plain.ts", code + use.replace("console.log", "String"));
});

test("types accept and reject what the tests of the types say, also on Workers", () => {
  for (const name of ["hono", "@cloudflare/workers-types"]) {
    mkdirSync(`${folder}/node_modules/@cloudflare`, { recursive: true });
    symlinkSync(`${process.cwd()}/node_modules/${name}`, `${folder}/node_modules/${name}`);
  }
  compile("types.ts", readFileSync("packages/client/test/types.ts"));
  compile("types.worker.ts", readFileSync("packages/client/test/types.worker.ts"), {
    lib: ["es2023"],
    types: ["@cloudflare/workers-types"],
  });
  assert.throws(() => compile("wrong.ts", 'import { createClient } from "@postern/client"; createClient({ address: "a" });'), /address/);
});
