// The operators on SQL: each yields edits of a text, { kind, start, end, text }, that leave it valid SQL, mostly.
import { blankRange, closing, items, maskRust, maskSql, terms, tokens, trimmed, without } from "./source.mjs";

// What ends a condition at its own depth.
const ENDS = new Set(
  "GROUP ORDER LIMIT UNION EXCEPT RETURNING LEFT CROSS JOIN WHERE ON THEN ELSE WHEN END BEGIN SET FROM AS ;".split(" "),
);

/** All edits of a file: migrations and other SQL, or the SQL in the strings of a Rust file. `dropped`: triggers replaced later. */
export function sqlEdits(file, text, dropped) {
  if (file.endsWith(".rs")) return [...ruleEdits(text), ...fragments(text).flatMap(statementEdits)];
  let mask = maskSql(text);
  if (/\/rule_\w+\.sql$/.test(file)) return [...ruleConditions(mask), ...statementEdits({ mask, text })];
  if (!file.startsWith("migrations/")) return statementEdits({ mask, text });
  // Only the schema: a statement on rows runs before there are any.
  const live = mask.matchAll(/^(?:CREATE TRIGGER (\w+)[\s\S]*?^END;|(?:CREATE|ALTER)[^;]*;)/gm);
  const ranges = [...live].filter(([, trigger]) => !dropped.has(trigger));
  let end = 0;
  for (const range of [...ranges, { index: mask.length, 0: "" }]) {
    mask = blankRange(mask, end, range.index);
    end = range.index + range[0].length;
  }
  return [...schemaEdits(mask, ranges), ...statementEdits({ mask, text })];
}

/** The strings of a Rust file that are SQL, each as a text of its own at its own position. */
function fragments(text) {
  const { literals } = maskRust(text);
  const isSql = /\b(SELECT|UPDATE|INSERT INTO|DELETE FROM|WHERE|ORDER BY|CROSS JOIN|coalesce\(|AND)\b/;
  return literals
    .filter(({ start, end }) => isSql.test(text.slice(start, end)))
    .map(({ start, end }) => {
      const sql = text.slice(start, end).replace(/\\(?:\n|["'])/g, (found) => (found[1] === "\n" ? " \n" : "__"));
      return { mask: " ".repeat(start) + maskSql(sql).replace(/[{}]/g, "_"), text, start };
    });
}

/** The rules that refuse and the violations (src/store/rules.rs, violations.rs), one a line: removes the line, or one term of its condition. */
function* ruleEdits(text) {
  for (const { 0: line, index } of text.matchAll(/^ {4}"\w+" +.*;\n/gm)) {
    yield { kind: "refusal-removed", start: index, end: index + line.length, text: "" };
    const condition = line.match(/, "((?:[^"\\]|\\.)*)";\n$/);
    if (!condition) continue;
    const start = index + condition.index + 3;
    for (const edit of ruleConditions(maskSql(condition[1]).replace(/[{}]/g, "_"))) {
      yield { ...edit, start: start + edit.start, end: start + edit.end };
    }
  }
}

/** A rule's condition without one of its terms. */
const ruleConditions = (mask) => dropped("refusal-condition", terms(mask, 0, mask.trimEnd().length));

/** The edits of statements and expressions. */
function statementEdits(source) {
  const checks = [...source.mask.matchAll(/\bCHECK \(/g)].map(({ index }) => {
    return { start: index, end: closing(source.mask, index + 6) + 1 };
  });
  const edits = [conditions, refusals, cases, comparisons, negations, functions, assignments, orders, constants];
  return edits
    .flatMap((edit) => [...edit(source)])
    .filter(({ start }) => !checks.some((check) => check.start <= start && start < check.end));
}

function* conditions({ mask, start: fragment }) {
  const all = tokens(mask);
  for (const [index, { word, at, depth }] of all.entries()) {
    if (word !== "WHERE" && !(word === "ON" && joins(all, index))) continue;
    const end = all.slice(index + 1).find((next) => next.depth < depth || (next.depth === depth && ENDS.has(next.word)));
    const clause = trimmed(mask, at + word.length, end?.at ?? mask.length);
    const parts = terms(mask, clause.start, clause.end);
    yield* dropped("where", parts);
    if (parts.length === 1 && clause.start < clause.end) yield { kind: "where", ...clause, text: "1" };
  }
  if (fragment === undefined || /^\s*(SELECT|UPDATE|INSERT|DELETE|WITH|WHERE|ORDER|LEFT|CROSS)\b/.test(mask)) return;
  // A condition that is put into a statement.
  const end = all.find(({ word, depth }) => depth < 0 || (depth === 0 && ENDS.has(word)))?.at ?? mask.length;
  yield* dropped("where", terms(mask, fragment, end));
}

/** Whether an ON belongs to a JOIN, not to a trigger, an index or a conflict clause. */
function joins(all, index) {
  const words = /^(JOIN|INDEX|INSERT|UPDATE|DELETE|OF|ON|WHERE|SET|SELECT)$/;
  const before = all.slice(0, index).findLast(({ word, depth }) => depth === all[index].depth && words.test(word));
  return before?.word === "JOIN";
}

function* dropped(kind, parts) {
  if (parts.length < 2) return;
  for (const index of parts.keys()) {
    const edit = without(parts, index);
    if (edit) yield { kind, ...edit };
  }
}

/** The arms of each CASE: where their WHEN, THEN and ends are. */
function* arms(mask) {
  const all = tokens(mask);
  for (const [index, { word, depth }] of all.entries()) {
    if (word !== "CASE") continue;
    const rest = all.slice(index + 1);
    const inner = rest.slice(0, rest.findIndex((next) => next.depth <= depth) + 1);
    const marks = inner.filter((next) => next.depth <= depth || (next.depth === depth + 1 && /^(WHEN|THEN|ELSE)$/.test(next.word)));
    const found = [];
    for (const [place, mark] of marks.entries()) {
      if (mark.word !== "WHEN" || !marks[place + 2]) continue;
      const [then, end] = [marks[place + 1], trimmed(mask, mark.at, marks[place + 2].at).end];
      found.push({ start: mark.at, then: then.at, end, value: mask.slice(then.at + 4, end).trim() });
    }
    yield found;
  }
}

/** An arm that returns an error code, in a CASE with several. */
const refuses = ({ value }) => /^(iif\(.*)?'\x01{2,}'/s.test(value);

function* refusals({ mask }) {
  for (const found of arms(mask)) {
    if (found.length < 3) continue;
    for (const arm of found.filter(refuses)) {
      yield { kind: "refusal-removed", start: arm.start, end: arm.end, text: "" };
      yield* dropped("refusal-condition", terms(mask, arm.start + 4, arm.then));
    }
  }
}

function* cases({ mask }) {
  for (const found of arms(mask)) {
    if (found.length < 2) continue;
    for (const arm of found.filter((arm) => found.length < 3 || !refuses(arm))) {
      yield { kind: "case-arm", start: arm.start, end: arm.end, text: "" };
    }
  }
}

const FLIPPED = { "<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "IS NOT": "IS", IS: "IS NOT" };

function* comparisons({ mask }) {
  const set = assigned(mask);
  for (const { 0: sign, index } of mask.matchAll(/<=|>=|<>|(?<![-<>])[<>]|(?<![<>])=|\bIS(?: NOT)?\b/g)) {
    if (sign === "=" && set.some(({ equals }) => equals === index)) continue;
    const kind = /^[<>]=?$/.test(sign) ? "comparison-bound" : "comparison-negated";
    yield { kind, start: index, end: index + sign.length, text: FLIPPED[sign] };
  }
}

function* negations({ mask }) {
  for (const { 0: found, index } of mask.matchAll(/(?<!\bIS )\bNOT (?!NULL|INDEXED|MATERIALIZED)/g)) {
    yield { kind: "not-removed", start: index, end: index + found.length, text: "" };
  }
}

function* functions({ mask, text }) {
  for (const { 0: found, 1: name, index } of mask.matchAll(/\b(coalesce|iif)\(/g)) {
    const open = index + found.length - 1;
    const list = items(mask, open + 1, closing(mask, open));
    const last = list.at(-1);
    const value = text.slice(last.start, last.end);
    if (name === "coalesce") {
      yield { kind: "coalesce", ...last, text: { 0: "1", 1: "0" }[value] ?? (/^\d+$/.test(value) ? "0" : "NULL") };
    } else if (list.length === 3) {
      const swapped = `${value}, ${text.slice(list[1].start, list[1].end)}`;
      yield { kind: "iif-swapped", start: list[1].start, end: last.end, text: swapped };
    }
  }
}

/** The assignments of each SET, and where their equals signs are. */
function assigned(mask) {
  const all = tokens(mask);
  return all.flatMap(({ word, at, depth }, index) => {
    if (word !== "SET") return [];
    const ends = (next) => next.depth < depth || (next.depth === depth && /^(FROM|WHERE|RETURNING|END|;)$/.test(next.word));
    const end = all.slice(index + 1).find(ends)?.at ?? mask.length;
    const list = items(mask, at + 3, end);
    return list.map((part, place) => ({ list, place, equals: mask.indexOf("=", part.start) }));
  });
}

function* assignments({ mask }) {
  for (const { list, place } of assigned(mask)) {
    const edit = without(list, place);
    if (edit) yield { kind: "assignment", ...edit };
  }
}

function* orders({ mask }) {
  const all = tokens(mask);
  for (const [index, { word, at, depth }] of all.entries()) {
    if (word !== "ORDER" || all[index + 1]?.word !== "BY") continue;
    const ends = (next) => next.depth < depth || (next.depth === depth && /^(LIMIT|UNION|;)$/.test(next.word));
    const end = all.slice(index + 2).find(ends)?.at ?? mask.length;
    for (const term of items(mask, all[index + 1].at + 2, end)) {
      const down = mask.slice(term.start, term.end).match(/ DESC$/);
      // SQL that Rust assembles has its direction there.
      if (mask.slice(term.start, term.end).includes("__")) continue;
      yield { kind: "order", start: down ? term.end - 5 : term.end, end: term.end, text: down ? "" : " DESC" };
    }
  }
}

function* constants({ mask }) {
  for (const { 0: digits, index } of mask.matchAll(/(?<![\w.?$'])\d+(?![\w.'])/g)) {
    const number = Number(digits);
    const counts = /(LIMIT|OFFSET|[+-]) $/.test(mask.slice(0, index));
    if (number === Number.MAX_SAFE_INTEGER || (number < 2 && !counts)) continue;
    const text = number < 10_000 ? String(number + 1) : `${digits}0`;
    yield { kind: "constant", start: index, end: index + digits.length, text };
  }
}

/** Edits of the schema: checks, other constraints, triggers. */
function* schemaEdits(mask, ranges) {
  for (const { index } of mask.matchAll(/ CHECK \(/g)) {
    const check = { start: index, end: closing(mask, index + 7) + 1 };
    yield { kind: "check-removed", ...check, text: "" };
    yield* widened(mask, check);
  }
  for (const { 0: found, index } of mask.matchAll(/ UNIQUE\b| REFERENCES \w+ \([\w, ]+\)(?=,\n)/g)) {
    const foreign = mask.slice(mask.lastIndexOf("\n", index), index).match(/,?\s*FOREIGN KEY \([\w, ]+\)$/);
    if (!foreign) yield { kind: "constraint", start: index, end: index + found.length, text: "" };
  }
  for (const { 0: found, index } of mask.matchAll(/,\s*FOREIGN KEY \([\w, ]+\) REFERENCES \w+ \([\w, ]+\)/g)) {
    yield { kind: "constraint", start: index, end: index + found.length, text: "" };
  }
  for (const range of ranges.filter(([, trigger]) => trigger)) yield* triggerEdits(mask, range.index, range[0]);
}

/** A CHECK that allows one value more. */
function* widened(mask, { start, end }) {
  const bound = /(BETWEEN )(\d+)|( AND )(\d+)|(<= )(\d+)|(>= )(\d+)|( = )26\b|( = )52\b|(IN \(0, 1)\)/g;
  for (const match of mask.slice(start, end).matchAll(bound)) {
    const [, between, least, and, most, below, top, above, bottom, , , list] = match;
    const text = list ? `${list}, 2)`
      : between ? between + (Number(least) - 1)
      : and ? and + (BigInt(most) + 1n)
      : below ? below + (Number(top) + 1)
      : above ? above + (Number(bottom) - 1)
      : match[0].replace("=", ">=");
    yield { kind: "check-widened", start: start + match.index, end: start + match.index + match[0].length, text };
  }
}

function* triggerEdits(mask, start, text) {
  const begin = start + text.search(/\bBEGIN\b/);
  const end = start + text.length;
  yield { kind: "trigger-dropped", start, end, text: "" };

  const of = text.match(/ UPDATE OF ([\w, ]+?) ON /);
  if (of) {
    const list = start + of.index + " UPDATE OF ".length;
    yield* dropped("trigger-of", items(mask, list, list + of[1].length));
  }
  const when = mask.slice(start, begin).match(/\bWHEN\b/);
  if (when) {
    const condition = trimmed(mask, start + when.index + 4, begin);
    yield* dropped("trigger-when", terms(mask, condition.start, condition.end));
    yield { kind: "trigger-when", start: condition.start, end: condition.end, text: "1" };
  }

  const body = { start: begin + "BEGIN".length, end: end - "END;".length };
  const lines = tokens(mask, body.start, body.end).filter(({ word }) => word === ";");
  let from = body.start;
  for (const { at } of lines.length > 1 ? lines : []) {
    yield { kind: "trigger-statement", ...trimmed(mask, from, at + 1), text: "" };
    from = at + 1;
  }
  // The members of an event: pairs of an object of objects or lists, or rows of VALUES.
  for (const { 0: found, index } of mask.slice(body.start, body.end).matchAll(/json_object\(|\(VALUES/g)) {
    const open = body.start + index + (found.startsWith("(") ? 0 : found.length - 1);
    const list = items(mask, open + (found.startsWith("(") ? found.length : 1), closing(mask, open));
    if (found.startsWith("(")) {
      yield* dropped("trigger-member", list);
    } else if (/^json(_object)?\(/.test(mask.slice(list[1]?.start))) {
      const pairs = list.flatMap(({ start }, place) => (place % 2 ? [] : [{ start, end: list[place + 1].end }]));
      yield* dropped("trigger-member", pairs);
    }
  }
}
