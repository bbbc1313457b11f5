// The recorded requests of the vendors' clients (tests/recorded), with names in place of recorded values, parsed like
// tests/support/src/recorded.rs does.
import { readFileSync } from "node:fs";

const FOLDER = "tests/recorded";
const OF_THE_CONNECTION = ["host", "connection", "content-length", "accept-encoding"];

/** The sessions of the table: `{name, requests}`. `names` has the values of `{root}`, `{admin}` and so on. */
export function sessions(names) {
  const read = [];
  let maps;
  for (const line of readFileSync(`${FOLDER}/expected.txt`, "utf8").split("\n").map((text) => text.split("#")[0].trim())) {
    if (line.startsWith("file ")) {
      const name = line.slice("file ".length).trim();
      maps = [];
      read.push({ name, maps, log: readFileSync(`${FOLDER}/${name}.log`, "utf8") });
    } else if (line.startsWith("map ")) {
      const [from, to] = line.slice("map ".length).split(" = ");
      maps.push([from, to.replace(/\{(\w+)\}/g, (_, name) => names[name])]);
    }
  }
  return read.map(({ name, maps, log }) => ({
    name,
    requests: log.split("-----\n").filter((text) => text.trim()).map((text) => request(text, maps)),
  }));
}

function request(text, maps) {
  const replace = (value) => maps.filter(([from]) => from !== "none").reduce((said, [from, to]) => said.replaceAll(from, to), value);
  const [head, ...rest] = text.split("\n\n");
  const [first, ...lines] = head.split("\n");
  const [method, path] = first.split(" ");
  const headers = {};
  for (const line of lines) {
    const at = line.indexOf(": ");
    const [name, value] = [line.slice(0, at).toLowerCase(), line.slice(at + 2)];
    if (!OF_THE_CONNECTION.includes(name)) headers[name] = name === "authorization" ? replace(value) : value;
  }
  const added = maps.find(([from]) => from === "none");
  if (added) headers.authorization ??= added[1];
  const body = rest.join("\n\n").replace(/\n+$/, "");
  return { method, path: replace(path), headers, body: body ? [body] : undefined };
}
