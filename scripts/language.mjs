// node scripts/language.mjs: fails on phrases of scripts/language.txt in documents and comments, and in the string literals of
// src, scripts, bench, packages, examples, assets and the OpenAPI documents. Prints what to write instead. Code, quotations and text between
// backticks are not searched.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const lines = (file) => readFileSync(file, "utf8").split("\n");
const entries = lines("scripts/language.txt").filter((line) => line && !line.startsWith("#"));
const rules = entries.map((line) => line.split("\t"));
const phrases = rules.filter(([kind]) => kind !== "except").map(([phrase, instead]) => ({ at: RegExp(phrase, "i"), instead }));
const exceptions = rules.filter(([kind]) => kind === "except").map(([, file, text]) => ({ file: RegExp(file), at: RegExp(text, "i") }));

/** Returns the prose of a line: in a document everything but code, in a program comments and, with `messages`, string literals. */
function prose(file, line, messages) {
  const unquoted = line.replace(/`[^`]*`/g, "``");
  if (file.endsWith(".md")) return unquoted.replace(/"[^"]*"/g, '""');
  const comment = /(?:^|\s)(?:\/\/[\/!]?|\/\*\*|--|#|\*)\s(.*)$/.exec(unquoted)?.[1] ?? "";
  const strings = messages ? [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text) : [];
  return [comment.replace(/"[^"]*"/g, '""'), ...strings].join(" | ");
}

const files = execFileSync("git", ["ls-files", "*.md", "*.rs", "*.sql", "*.mjs", "*.js", "packages/*.ts", "*.jsx", "*.py", "Makefile", "scripts/*", "*.toml", "docs/openapi/*.json"], { encoding: "utf8" })
  .split("\n")
  // git also lists files that are deleted but not yet committed.
  .filter((file) => file && existsSync(file) && !/^(scripts\/language\.|tests\/(recorded|mutants\/(mutants|baseline)))/.test(file));
let found = 0;
for (const file of files) {
  let fenced = false;
  for (const [index, line] of lines(file).entries()) {
    if (file.endsWith(".md") && line.startsWith("```")) fenced = !fenced;
    if (fenced) continue;
    const text = prose(file, line, /^(src|scripts|bench|packages|examples|assets|docs\/openapi)\//.test(file));
    for (const { at, instead } of phrases) {
      const hit = at.exec(text)?.[0];
      if (!hit || exceptions.some((exception) => exception.file.test(file) && exception.at.test(line))) continue;
      found += 1;
      console.log(`${file}:${index + 1}: “${hit}”: write ${instead}`);
    }
  }
}
if (found) {
  console.log(`${found} phrases of scripts/language.txt. An exception is a line “except<TAB>file<TAB>text” there.`);
  process.exit(1);
}
