// The operators on Rust: each yields edits of a text, { kind, start, end, text }.
import { closing, maskRust } from "./source.mjs";

/** All edits of a file. `variants`: the variants without fields of each enum of refusals, in their order. */
export function rustEdits(text, variants) {
  const { mask } = maskRust(text);
  const edits = [conditions, comparisons, constants, logic, returns, guards, booleans, statements, filters];
  return [...edits.flatMap((edit) => [...edit(mask, text)]), ...swaps(mask, variants)];
}

/** The variants without fields of the enums in this file. */
export function unitVariants(text) {
  const { mask } = maskRust(text);
  const found = {};
  for (const { 0: head, 1: name, index } of mask.matchAll(/\benum (\w+)[^{]*\{/g)) {
    const open = index + head.length - 1;
    const body = mask.slice(open + 1, closing(mask, open));
    found[name] = [...body.matchAll(/^ {4}(\w+)(?: = \d+)?,$/gm)].map(([, variant]) => variant);
  }
  return found;
}

const edit = (kind, index, length, text) => ({ kind, start: index, end: index + length, text });

function* conditions(mask, text) {
  for (const { 1: before, 2: condition, index } of mask.matchAll(/(\bif )(?!let\b)([^{}\n]+?)(?= \{)/g)) {
    if (/\blet\b/.test(condition)) continue;
    const start = index + before.length;
    const end = start + condition.length;
    yield { kind: "condition-negated", start, end, text: `!(${text.slice(start, end)})` };
  }
  for (const { index } of mask.matchAll(/(?<![\w)\]])!(?=[a-z(*])/g)) yield edit("not-removed", index, 1, "");
}

const FLIPPED = { "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==" };

function* comparisons(mask) {
  for (const { 1: sign, index } of mask.matchAll(/ (<=|>=|<|>|==|!=) /g)) {
    yield edit("comparison", index + 1, sign.length, FLIPPED[sign]);
  }
}

function* constants(mask) {
  for (const { 0: digits, index } of mask.matchAll(/(?<![\w.#'])\d[\d_]*(?=\.\.|[^\w.])/g)) {
    // Not the length of an array, nor the number of a variant.
    if (/; $/.test(mask.slice(0, index)) || /^\s*[A-Z]\w* = $/.test(lineTo(mask, index))) continue;
    const number = Number(digits.replaceAll("_", ""));
    if (number === 0 || number > 1_000_000) continue;
    yield edit("constant", index, digits.length, String(number + 1));
    yield edit("constant", index, digits.length, String(number - 1));
  }
}

const lineTo = (mask, index) => mask.slice(mask.lastIndexOf("\n", index - 1) + 1, index);
const lineFrom = (mask, index) => mask.slice(index, mask.indexOf("\n", index));

function* logic(mask) {
  for (const { 1: sign, index } of mask.matchAll(/(?<=[\w)\]}"?])\s+(&&|\|\|) /g)) {
    if (/\b(move|return)$/.test(mask.slice(0, index))) continue;
    const at = mask.indexOf(sign, index);
    yield edit("logic", at, 2, sign === "&&" ? "||" : "&&");
  }
}

function* returns(mask) {
  for (const { 0: found, index } of mask.matchAll(/^( *)if [^\n]*\{\n\s*return [^\n]*;\n\1\}\n/gm)) {
    yield edit("return-removed", index, found.length, "");
  }
}

function* guards(mask) {
  for (const { 0: found, index } of mask.matchAll(/(?<=^ +[^\n=]*[\w)}_]) if [^\n]+?(?= =>)/gm)) {
    yield edit("guard-removed", index, found.length, "");
  }
}

function* booleans(mask) {
  for (const { 0: word, index } of mask.matchAll(/\b(true|false)\b/g)) {
    if (isPattern(mask, index, word.length)) continue;
    yield edit("boolean", index, word.length, word === "true" ? "false" : "true");
  }
}

/** A statement on a line of its own: a call, or an assignment. */
function* statements(mask) {
  for (const { 0: found, index } of mask.matchAll(/^ {8,}(?!let |return |use |_ )[a-z_][\w.:]*(?:\([^\n]*\)(?:\.await)?\??| = [^\n]*);\n/gm)) {
    const brackets = found.replace(/[^(){}[\]]/g, "");
    if (closing(`(${brackets})`, 0) === brackets.length + 1) yield edit("statement-removed", index, found.length, "");
  }
}

function* filters(mask) {
  for (const { 0: found, index } of mask.matchAll(/\.filter\(/g)) {
    const open = index + found.length - 1;
    yield edit("filter-removed", index, closing(mask, open) + 1 - index, "");
  }
}

/** Whether the text at this position is a pattern. */
function isPattern(mask, index, length) {
  const [before, after] = [lineTo(mask, index), lineFrom(mask, index + length)];
  return /=>/.test(after) || /^\s*\|(?!\|)/.test(after) || /\|\s*$|matches!\([^)]*$|\blet\b[^=]*$|^\s*use\b/.test(before);
}

const MEANINGS = { Keep: "Default", Default: "Keep", Clear: "Missing", Missing: "Default", Refuse: "Clear" };
const RANKS = { Root: "Admin", Admin: "Editor", Editor: "Viewer", Viewer: "Anyone" };

/** A variant replaced by another: of errors a neighbour, of ranks the one below. */
function* swaps(mask, variants) {
  for (const { 0: found, 1: of, 2: variant, index } of mask.matchAll(/\b(\w+)::(\w+)\b(?!\s*[({:!])/g)) {
    if (isPattern(mask, index, found.length) || /\n\s*\|/.test(mask.slice(index + found.length).match(/^\s*\|?/)[0])) continue;
    const named = { Meaning: ["meaning-swapped", MEANINGS], Rank: ["rank-lowered", RANKS] }[of];
    const list = variants[of] ?? [];
    const place = list.indexOf(variant);
    const other = named ? named[1][variant] : (list[place + 1] ?? list[place - 1]);
    if (!other || (!named && place < 0)) continue;
    yield edit(named?.[0] ?? "refusal-swapped", index, found.length, `${of}::${other}`);
  }
  // The column of the route table.
  for (const { 1: before, 2: rank, index } of mask.matchAll(/^( {4}route\(.*, +)(Root|Admin|Editor|Viewer)(?=\))/gm)) {
    yield edit("rank-lowered", index + before.length, rank.length, RANKS[rank]);
  }
}
