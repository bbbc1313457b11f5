// Reads SQL and Rust well enough to mutate them: masks comments and strings, and splits expressions.
//
// A mask has the length of its text, so that a position in one is a position in the other.

const blank = (text) => text.replace(/[^\n]/g, " ");
const HIDDEN = "\u0001"; // stands for each character within a string

/** The mask of SQL: comments are spaces, strings keep only their quotes. */
export function maskSql(text) {
  return text.replace(/--[^\n]*|'(?:[^']|'')*'/g, (found) =>
    found.startsWith("--") ? blank(found) : `'${HIDDEN.repeat(found.length - 2)}'`,
  );
}

const RUST =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|\bb?r(#*)"[\s\S]*?"\1|b?"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\\n]|\\(?:u\{[^}]*\}|x..|.))'/g;

/** The mask of Rust, its tests and attributes blank too; and where its string literals are, without their quotes. */
export function maskRust(text) {
  const literals = [];
  let mask = text.replace(RUST, (found, _, at) => {
    if (found.startsWith("/")) return blank(found);
    const open = found.search(/["']/);
    const close = found.length - 1 - (found.match(/#*$/)?.[0].length ?? 0);
    if (found[open] === '"') literals.push({ start: at + open + 1, end: at + close });
    const hidden = found.slice(open + 1, close).replace(/[^\n]/g, HIDDEN);
    return found.slice(0, open + 1) + hidden + found.slice(close);
  });
  for (const { index } of mask.matchAll(/#\[cfg\(test\)\]/g)) {
    const open = mask.indexOf("{", index);
    mask = blankRange(mask, index, open < 0 ? mask.length : closing(mask, open) + 1);
  }
  mask = mask.replace(/#!?\[[^\n]*\]\n/g, blank);
  return { mask, literals: literals.filter(({ start }) => mask[start - 1] === '"') };
}

export const blankRange = (mask, start, end) => mask.slice(0, start) + blank(mask.slice(start, end)) + mask.slice(end);

/** The position of the bracket that closes the one at this position. */
export function closing(mask, open) {
  const [opens, closes] = [mask[open], { "(": ")", "{": "}", "[": "]" }[mask[open]]];
  for (let at = open, depth = 0; at < mask.length; at++) {
    if (mask[at] === opens) depth++;
    else if (mask[at] === closes && --depth === 0) return at;
  }
  return mask.length;
}

/**
 * The words and punctuation of SQL, each with its depth in parentheses and CASE … END. An opening token has the depth
 * outside of it, as its closing one has.
 */
export function tokens(mask, start = 0, end = mask.length) {
  const found = [];
  const cases = [];
  let depth = 0;
  const pattern = /[A-Za-z_]\w*|[(),;]/g;
  pattern.lastIndex = start;
  for (let match; (match = pattern.exec(mask)) && match.index < end; ) {
    const word = match[0];
    if (word === ")") depth--;
    else if (word === "END" && cases.at(-1) === depth) (cases.pop(), depth--);
    found.push({ word, at: match.index, depth });
    if (word === "(") depth++;
    else if (word === "CASE") cases.push(++depth);
  }
  return found;
}

/** Without the white space around it. */
export function trimmed(mask, start, end) {
  while (start < end && /\s/.test(mask[start])) start++;
  while (end > start && /\s/.test(mask[end - 1])) end--;
  return { start, end };
}

/** Splits at tokens of the depth of `start` that `separates` accepts. */
export function split(mask, start, end, separates) {
  const parts = [];
  let from = start;
  for (const { word, at, depth } of tokens(mask, start, end)) {
    if (depth !== 0 || !separates(word)) continue;
    parts.push(trimmed(mask, from, at));
    from = at + word.length;
  }
  parts.push(trimmed(mask, from, end));
  return parts;
}

/** The parts of a condition: of OR where it has one at its top, else of AND. The AND of BETWEEN separates nothing. */
export function terms(mask, start, end) {
  const or = split(mask, start, end, (word) => word === "OR");
  if (or.length > 1) return or;
  let between = false;
  return split(mask, start, end, (word) => {
    if (word === "BETWEEN") between = true;
    else if (word === "AND" && between) between = false;
    else return word === "AND";
    return false;
  });
}

/** The parts of a list. */
export const items = (mask, start, end) => split(mask, start, end, (word) => word === ",");

/** The edit that removes one part with its separator. Empty parts are kept. */
export function without(parts, index) {
  const [part, next, before] = [parts[index], parts[index + 1], parts[index - 1]];
  if (part.start >= part.end) return null;
  if (next) return { start: part.start, end: next.start, text: "" };
  return before ? { start: before.end, end: part.end, text: "" } : null;
}
