// Writes and reads the committed result, tests/mutants/baseline.md.
import { existsSync, readFileSync } from "node:fs";
import { nameOf } from "./list.mjs";

const ROW = /^\| ([SR]\d\d[a-z]?) \|.*\| (caught|survived|invalid|gone) \|/gm;

/** The ids of the mutants that the committed result lists as caught. */
export function readBaseline(file) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return new Set([...text.matchAll(ROW)].filter(([, , verdict]) => verdict === "caught").map(([, id]) => id));
}

/** The counts, by language and kind: [name, caught, all]. */
function shares(results) {
  const kinds = new Map();
  for (const { id, kind, verdict } of results) {
    for (const name of [nameOf(id), `${nameOf(id)}: ${kind}`]) {
      const [caught, all] = kinds.get(name) ?? [0, 0];
      kinds.set(name, [caught + (verdict === "caught"), all + (verdict === "caught" || verdict === "survived")]);
    }
  }
  return [...kinds].map(([name, counts]) => [name, ...counts]).sort(([a], [b]) => (a < b ? -1 : 1));
}

const named = (results, wanted) => results.filter(({ verdict = "not run" }) => verdict === wanted);

export function summary(results) {
  const rows = shares(results).map(([name, caught, all]) => `${name.padEnd(32)} ${String(caught).padStart(3)} of ${all} caught`);
  const lists = ["survived", "invalid", "gone", "not run"].flatMap((verdict) =>
    named(results, verdict).map(({ id, kind, file }) => `${verdict}: ${id} ${kind} ${file}`),
  );
  return [...rows, ...lists].join("\n");
}

const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

export function report(results, { commit, seed, suites }) {
  const counts = shares(results).map(([name, caught, all]) => [name, caught, all - caught]);
  const rows = results.map(({ id, kind, file, verdict, by, test }) => [
    id, kind, `\`${file}\``, verdict, by ?? "", test ? `\`${test}\`` : "",
  ]);
  const survivors = named(results, "survived").map(({ id, kind, file, before, after, note }) => {
    return `- **${id}** ${kind}, \`${file}\`. ${note || "Not judged yet."}\n\n\`\`\`diff\n${diff(before, after)}\n\`\`\``;
  });
  return `# What the native tests notice
<!-- Written by scripts/mutants --write. The sentence on each survivor is the \`?\` line of its entry in mutants.txt. -->

Source and tests of ${commit.slice(0, 12)}; the mutants of seed ${seed}, in [mutants.txt](mutants.txt). \`caught\` names the first suite that failed, the nearest
being run first, and the first test of it that failed. Suites: ${Object.keys(suites).sort().join(", ")}.

${table(["kind", "caught", "survived"], counts)}

## Survivors
${survivors.join("\n") || "None."}

## Each mutant
${table(["id", "kind", "file", "result", "suite", "test"], rows)}
`;
}

const diff = (before, after) =>
  [...before.split("\n").map((line) => `-${line}`), ...(after ? after.split("\n").map((line) => `+${line}`) : [])].join("\n");
