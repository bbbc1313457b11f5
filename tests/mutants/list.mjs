// The list of mutants: the candidates, the selection by a seed, the text, and how a mutant is applied.
//
// A mutant is { id, kind, file, nth, before, after, note }: whole lines before and after, and which occurrence of
// those lines it is, from 1. It has no line numbers, so it can be applied to a source that has changed elsewhere.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rustEdits, unitVariants } from "./rust.mjs";
import { sqlEdits } from "./sql.mjs";

export const WANTED = { S: 60, R: 30 };
const NAMES = { S: "SQL", R: "Rust" };
export const nameOf = (id) => NAMES[id[0]];

/** Files that no native test runs, that only describe, or that are tests. */
const LEFT_OUT = /^src\/(worker|lib\.rs$)|\/description(\/|\.rs)|\/tests\.rs$/;

function filesUnder(tree, folder) {
  if (!existsSync(join(tree, folder))) return [];
  return readdirSync(join(tree, folder))
    .sort()
    .map((name) => `${folder}/${name}`)
    .flatMap((path) => (statSync(join(tree, path)).isDirectory() ? filesUnder(tree, path) : [path]));
}

const sources = (tree) => [...filesUnder(tree, "src"), ...filesUnder(tree, "migrations")].filter((file) => !LEFT_OUT.test(file));

/** Every mutant that the operators make of the source in a folder, in an order that the seed decides, by kind. */
export function candidates(tree, seed) {
  const texts = new Map(sources(tree).map((file) => [file, readFileSync(join(tree, file), "utf8")]));
  const variants = Object.assign({}, ...[...texts].filter(([file]) => file.endsWith(".rs")).map(([, text]) => unitVariants(text)));
  const kinds = new Map();
  for (const [file, text] of texts) {
    const found = [];
    if (/\.sql$|^src\/store\/.*\.rs$/.test(file)) {
      found.push(...sqlEdits(file, text, droppedLater(file, texts)).map((edit) => ["S", edit]));
    }
    if (file.endsWith(".rs")) found.push(...rustEdits(text, onlyRefusals(variants)).map((edit) => ["R", edit]));
    for (const [language, edit] of found) {
      const mutant = { kind: edit.kind, file, ...linesOf(text, edit) };
      if (mutant.before.trim() === mutant.after.trim()) continue;
      const key = `${language} ${edit.kind}`;
      if (!kinds.has(key)) kinds.set(key, new Map());
      kinds.get(key).set(hashOf(mutant, seed), mutant);
    }
  }
  const inOrder = ([key, mutants]) => [key, [...mutants].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mutant]) => mutant)];
  return new Map([...kinds].map(inOrder).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const onlyRefusals = ({ Refusal = [], Conflict = [], Unreadable = [], Rule = [] }) => ({ Refusal, Conflict, Unreadable, Rule });

/** The triggers that a migration after this one drops. */
function droppedLater(file, texts) {
  const later = [...texts].filter(([other]) => /^migrations\/.*\.sql$/.test(other) && other > file);
  return new Set(later.flatMap(([, text]) => [...text.matchAll(/^DROP TRIGGER (?:IF EXISTS )?(\w+)/gm)].map(([, name]) => name)));
}

export function hashOf({ kind, file, nth, before, after }, seed = "") {
  return createHash("sha256").update(JSON.stringify([String(seed), kind, file, nth, before, after])).digest("hex").slice(0, 16);
}

/** An edit as whole lines. */
function linesOf(text, edit) {
  const start = text.lastIndexOf("\n", edit.start - 1) + 1;
  const next = text.indexOf("\n", Math.max(edit.end - (text[edit.end - 1] === "\n" ? 1 : 0), start));
  const end = next < 0 ? text.length : next;
  const before = text.slice(start, end);
  const after = (text.slice(start, edit.start) + edit.text + text.slice(edit.end, Math.max(end, edit.end))).trimEnd();
  const lines = after.split("\n").map((line) => line.trimEnd()).filter((line, at, all) => line || all.length === 1);
  return { nth: places(text, before).findIndex(({ line }) => line === text.slice(0, start).split("\n").length - 1) + 1, before, after: lines.join("\n") };
}

/** The positions of these lines in a text, whatever their indentation. */
function places(text, before) {
  const lines = text.split("\n").map((line) => line.trim());
  const wanted = before.split("\n").map((line) => line.trim());
  const found = [];
  for (let line = lines.indexOf(wanted[0]); line >= 0; line = lines.indexOf(wanted[0], line + 1)) {
    if (wanted.every((want, place) => lines[line + place] === want)) found.push({ line, count: wanted.length });
  }
  return found;
}

/** Applies a mutant to the source in a folder. Returns false if its lines do not exist. */
export function apply(tree, mutant) {
  const others = sources(tree).filter((file) => file.endsWith(mutant.file.match(/\.\w+$/)[0]));
  const has = (file) => existsSync(join(tree, file)) && places(readFileSync(join(tree, file), "utf8"), mutant.before).length >= mutant.nth;
  // A file that was moved is found by its contents, if only one file has them.
  const elsewhere = has(mutant.file) ? [mutant.file] : others.filter(has);
  if (elsewhere.length !== 1) return false;
  const path = join(tree, elsewhere[0]);
  const text = readFileSync(path, "utf8");
  const { line, count } = places(text, mutant.before)[mutant.nth - 1];
  const lines = text.split("\n");
  lines.splice(line, count, ...(mutant.after ? mutant.after.split("\n") : []));
  writeFileSync(path, lines.join("\n"));
  return true;
}

const overlaps = (one, other) => one.file === other.file && (one.before.includes(other.before) || other.before.includes(one.before));

/** Groups of mutants that can be in the source at the same time: no two of a group have a line in common. */
export function apart(mutants) {
  const lines = ({ before }) => before.split("\n").map((line) => line.trim()).filter(Boolean);
  const meet = (one, other) => one.file === other.file && lines(one).some((line) => lines(other).includes(line));
  const groups = [];
  for (const mutant of mutants) {
    const free = groups.find((group) => !group.some((other) => meet(mutant, other)));
    if (free) free.push(mutant);
    else groups.push([mutant]);
  }
  return groups;
}

/** Selects as many as are wanted, of each kind in turn, and of different lines as far as possible. */
export function select(tree, seed) {
  const kinds = candidates(tree, seed);
  return Object.entries(WANTED).flatMap(([language, wanted]) => {
    const queues = [...kinds].filter(([key]) => key.startsWith(language)).map(([, mutants]) => [...mutants]);
    const taken = [];
    while (taken.length < wanted && queues.some((queue) => queue.length)) {
      for (const queue of queues) {
        if (taken.length === wanted || !queue.length) continue;
        const free = queue.findIndex((mutant) => !taken.some((other) => overlaps(mutant, other)));
        taken.push(...queue.splice(Math.max(free, 0), 1));
      }
    }
    const order = (mutant) => `${mutant.kind} ${mutant.file}`;
    taken.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
    return taken.map((mutant, place) => ({ id: language + String(place + 1).padStart(2, "0"), ...mutant }));
  });
}

/** The next candidate of the same kind, with the same number and the next letter. Null after all were tried. */
export function replacement(tree, seed, mutant, tried) {
  const queue = candidates(tree, seed).get(`${mutant.id[0]} ${mutant.kind}`) ?? [];
  const fresh = queue.filter((other) => tried.every((one) => hashOf(one) !== hashOf(other)));
  const next = fresh.find((other) => !tried.some((one) => overlaps(one, other))) ?? fresh[0];
  const letter = String.fromCharCode((mutant.id.charCodeAt(3) || 96) + 1);
  return next ? { id: mutant.id.slice(0, 3) + letter, ...next } : null;
}

const HEAD = `# The mutants of scripts/mutants. Each: its id, its kind, its file, and #n where the n-th place with these lines is meant;
# the whole lines before (-) and after (+), of which the indentation does not count; what is thought of it, if it survived (?).
`;

/** The text of a list, as tests/mutants/mutants.txt has it. */
export function print(mutants) {
  const lines = (sign, text) => (text ? text.split("\n").map((line) => `${sign} ${line}\n`).join("") : "");
  const head = ({ id, kind, file, nth }) => `${id} ${kind} ${file}${nth > 1 ? ` #${nth}` : ""}\n`;
  return HEAD + mutants.map((one) => "\n" + head(one) + lines("-", one.before) + lines("+", one.after) + lines("?", one.note)).join("");
}

export function parse(text) {
  const blocks = text.split(/\n(?=[SR]\d\d[a-z]? )/).filter((block) => /^[SR]\d/.test(block));
  return blocks.map((block) => {
    const [head, ...rest] = block.split("\n");
    const [id, kind, file, nth = "#1"] = head.split(" ");
    const lines = (sign) => rest.filter((line) => line.startsWith(`${sign} `)).map((line) => line.slice(2)).join("\n");
    return { id, kind, file, nth: Number(nth.slice(1)), before: lines("-"), after: lines("+"), note: lines("?") };
  });
}
