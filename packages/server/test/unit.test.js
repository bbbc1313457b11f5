import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Command } from "commander";
import { eachOf, keptBecause } from "../src/bulk.js";
import { completions } from "../src/completion.js";
import { serviceUrl } from "../src/connection.js";
import { OPERATIONS } from "../src/description.js";
import { drift } from "../src/drift.js";
import { field, fieldsOf, valuesOf } from "../src/flags.js";
import { checkNode } from "../src/init.js";
import { details, json, preview, safe, table } from "../src/output.js";
import { createProgram } from "../src/program.js";
import { parseMember, parseRole, parseTime, parseTypedMember, parseWhole, roleText, seconds } from "../src/values.js";

const program = createProgram((work) => work());
const all = (command) => [command, ...command.commands.flatMap(all)];

/** Returns what the flags of an operation send. */
function sent(id, args) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const fields = fieldsOf(OPERATIONS.get(id));
  for (const { flags } of fields) for (const { option } of flags) command.addOption(option);
  command.parse(args, { from: "user" });
  return valuesOf(fields, command);
}

test("durations are whole numbers with a unit, and nothing else", () => {
  for (const [text, expected] of [
    ["0", 0],
    ["90", 90],
    ["90s", 90],
    ["15m", 900],
    ["12h", 43_200],
    ["90d", 7_776_000],
    ["2w", 1_209_600],
  ]) {
    assert.equal(seconds(text), expected, text);
  }
  for (const text of ["", "d", "-1d", "1.5d", "1y", " 1d", "1d ", "1 d", "1dd", "90D", "1e3", "99999999999d"])
    assert.equal(seconds(text), undefined, text);
});

test("a time is a date, RFC 3339, or a duration before or after now", () => {
  const now = () => Date.parse("2026-11-30T00:00:00Z");
  assert.equal(parseTime(-1, now)("90d"), "2026-09-01T00:00:00.000Z");
  assert.equal(parseTime(1, now)("90d"), "2027-02-28T00:00:00.000Z");
  assert.equal(parseTime(1, now)("2027-06-30"), "2027-06-30T00:00:00Z");
  assert.equal(parseTime(1, now)("2027-06-30T12:00:00.5+02:00"), "2027-06-30T12:00:00.5+02:00");
  for (const text of ["90", "2027", "tomorrow", "", "9999999999w", "30.6.2027", "-90d"])
    assert.throws(() => parseTime(1, now)(text), text);
});

test("a role has one spelling as text, and another as JSON where a part has a space", () => {
  for (const role of [
    { role_id: "viewer" },
    { role_id: "editor", resource: "dataset" },
    { role_id: "editor", resource: "dataset", resource_instance: "7" },
    { role_id: "a", resource: "b c" },
  ]) {
    assert.deepEqual(parseRole(roleText(role)), role);
  }
  for (const text of ["", " ", "a ", "a  b", "a b c d", "{", "{]"]) assert.throws(() => parseRole(text), text);
  assert.deepEqual(parseMember("a=b=c"), ["a", "b=c"]);
  assert.deepEqual(parseMember("a="), ["a", ""]);
  for (const text of ["a", "=b", ""]) assert.throws(() => parseMember(text), text);
  for (const [text, member] of [
    ["ref=main", ["ref", "main"]],
    ["id=7", ["id", "7"]],
    ["id:=7", ["id", 7]],
    ["protected:=true", ["protected", true]],
    ["/a/b:c=d", ["/a/b:c", "d"]],
    [":=d", [":", "d"]],
  ]) {
    assert.deepEqual(parseTypedMember(text), member);
  }
  assert.throws(() => parseTypedMember("id:=x"));
  for (const text of ["", "1.5", "1e3", "x", " 1"]) assert.throws(() => parseWhole(text), text);
});

test("only the flags that are given are sent", () => {
  assert.deepEqual(sent("update_credential", []), { body: {}, query: {}, header: {} });
  assert.deepEqual(sent("list_credentials", []), { body: {}, query: {}, header: {} });
  assert.deepEqual(sent("update_credential", ["--name", "", "--no-enabled", "--dry-run", "--if-match", "*"]), {
    body: { name: "", enabled: false },
    query: { dry_run: true },
    header: { "If-Match": "*" },
  });
  assert.deepEqual(sent("update_credential", ["--role", "viewer", "--role", "editor dataset"]).body, {
    roles: [{ role_id: "viewer" }, { role_id: "editor", resource: "dataset" }],
  });
  assert.deepEqual(sent("update_credential", ["--no-roles"]).body, { roles: [] });
  assert.deepEqual(sent("update_credential", ["--full-access"]).body, { roles: null });
  assert.deepEqual(sent("update_credential", ["--clear-description", "--clear-expires-at"]).body, {
    description: null,
    expires_at: null,
  });
  assert.deepEqual(sent("update_credential", ["--metadata", "a=1", "--remove-metadata", "b"]).body, {
    metadata: { a: "1", b: null },
  });
  assert.deepEqual(sent("update_credential", ["--clear-metadata"]).body, { metadata: null });
  assert.deepEqual(sent("rotate_credential", ["--grace-seconds", "7d"]).body, { grace_seconds: 604_800 });
  assert.deepEqual(sent("verify", ["--all", "viewer"]).body, { needs: { all: [{ role_id: "viewer" }] } });
});

test("flags that exclude each other are refused", () => {
  for (const args of [
    ["--role", "viewer", "--full-access"],
    ["--no-roles", "--full-access"],
    ["--description", "x", "--clear-description"],
    ["--role", "a", "--no-roles"],
    ["--metadata", "a=b", "--clear-metadata"],
  ]) {
    assert.throws(() => sent("update_credential", args), /cannot be used with/, args.join(" "));
  }
  assert.throws(() => sent("verify", ["--all", "a", "--any", "b"]), /cannot be used with/);
});

test("full access is only given by a flag that says so", () => {
  for (const command of all(program)) assert.ok(!command.options.some((option) => option.long === "--clear-roles"), command.name());
});

test("a new member of the description becomes a flag by its schema", () => {
  const command = new Command();
  const schemas = {
    color: { type: ["string", "null"] },
    size: { type: "integer" },
    wait_seconds: { type: "integer" },
    is_new: { type: "boolean" },
    ends_at: { type: ["string", "null"], format: "date-time" },
    kind: { type: "string", enum: ["a", "b"] },
    tags: { type: "array", items: { type: "string" } },
    labels: { anyOf: [{ type: "object", additionalProperties: { type: "string" } }, { type: "null" }] },
    shape: { type: "object", properties: { sides: { type: "integer" } } },
  };
  const fields = Object.entries(schemas).map(([name, schema]) => field("body", name, schema, ""));
  for (const { flags } of fields) for (const { option } of flags) command.addOption(option);
  const args = "--color red --size 3 --wait-seconds 1m --no-is-new --clear-ends-at --kind b --tags x --tags y --labels a=b --shape";
  command.parse([...args.split(" "), '{"sides":3}'], { from: "user" });
  assert.deepEqual(valuesOf(fields, command).body, {
    color: "red",
    size: 3,
    wait_seconds: 60,
    is_new: false,
    ends_at: null,
    kind: "b",
    tags: ["x", "y"],
    labels: { a: "b" },
    shape: { sides: 3 },
  });
});

test("no flag and no argument takes a secret", () => {
  const properties = {
    token: { type: "string" },
    client_secret: { type: "string" },
    new_password: { type: "string" },
    name: { type: "string" },
  };
  const operation = {
    method: "POST",
    query: [],
    headers: [{ name: "Postern-Verifier", schema: { type: "string" } }],
    body: { schema: { properties } },
  };
  assert.deepEqual(
    fieldsOf(operation).map(({ name }) => name),
    ["name"],
  );
  const [takes, names] = [all(program).flatMap((command) => command.options.filter((option) => option.required)), new Set()];
  for (const option of takes) if (/secret|token|password|verifier/.test(option.long)) names.add(option.long);
  // A file.
  // The other one is a duration.
  assert.deepEqual([...names].sort(), ["--token-file", "--token-seconds"]);
  const taken = new Set(all(program).flatMap((command) => command.registeredArguments.map((argument) => argument.name())));
  assert.deepEqual([...taken].sort(), ["credential", "key", "principal", "shell", "tenant", "trust", "words"]);
});

const HOSTILE = [
  "\u001b[2J\u001b]0;title\u0007",
  "\u009b31m",
  "\u009d0;title\u009c",
  "two\nlines",
  "back\rspace\b\u007f",
  "tab\tnul\0",
  "\u202egnp.exe",
  "\u2066a\u2069",
  "\u2028\u2029",
  "zero\u200bwidth\ufeff",
  "\u{e0041}tag",
  "\ud800",
];

test("no control character of a name reaches the terminal, in any view", () => {
  for (const name of HOSTILE) {
    const item = {
      id: name,
      name,
      enabled: true,
      revoked_at: null,
      roles: [{ role_id: name, resource: name }],
      metadata: { [name]: name },
      [name]: name,
      secrets: [{ hint: name }],
    };
    const changes = { [name]: { before: name, after: { [name]: [name] } }, roles: { added: [{ role_id: name }], removed: [name] } };
    const views = [
      ...table(["id", "name", "roles", "metadata", "state"], [item]),
      ...table(["changes"], [{ changes, action: "updated", widened_access: true }]),
      ...details(item),
      ...preview({ changes, widens_access: true }),
      ...json(item).split("\n"),
      safe(name),
    ];
    for (const line of views) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.deepEqual(JSON.parse(json(item)), item);
  }
});

test("columns stay aligned with wide characters", () => {
  const lines = table(
    ["name", "id"],
    [
      { name: "日本語", id: "x" },
      { name: "👩‍💻", id: "x" },
      { name: "abc", id: "x" },
    ],
  );
  assert.equal(lines[0].indexOf("ID"), lines[3].indexOf("x"));
  assert.ok(lines[1].startsWith("日本語  "));
});

test("full access, no role and the end of a revoked credential read as what they are", () => {
  const [, full, none, revoked] = table(
    ["roles", "state", "expires_at"],
    [
      { roles: null, enabled: true, revoked_at: null, expires_at: null },
      { roles: [], enabled: false, revoked_at: null, expires_at: null },
      { roles: [], enabled: true, revoked_at: "2026-01-01T00:00:00Z", expires_at: "2020-01-01T00:00:00.000000Z" },
    ],
  );
  assert.match(full, /^full access +enabled +never$/);
  assert.match(none, /^none +disabled +never$/);
  assert.match(revoked, /^none +revoked +2020-01-01 00:00$/);
});

test("what did not exist before is not reported as access that was there", () => {
  const changes = { roles: { before: null, after: [{ role_id: "viewer" }] }, expires_at: { before: null, after: null } };
  const cell = (action) => table(["changes"], [{ changes, action }])[1];
  assert.equal(cell("created"), "roles: viewer");
  assert.equal(cell("updated"), "roles: full access -> viewer");
});

test("revocation by filters keeps what is revoked, the caller's own, and what is younger than the time", () => {
  const credential = { id: "a", revoked_at: null, created_at: "2026-01-01T00:00:00Z" };
  assert.equal(keptBecause(credential, {}), undefined);
  assert.equal(keptBecause({ ...credential, revoked_at: "2026-01-02T00:00:00Z" }, {}), "already revoked");
  assert.equal(keptBecause(credential, { self: "a" }), "the caller's own");
  assert.equal(keptBecause(credential, { unusedSince: "2026-01-02T00:00:00Z" }), undefined);
  for (const unusedSince of ["2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z", "not a time"])
    assert.equal(keptBecause(credential, { unusedSince }), "created since then");
});

test("at most as many as asked for are done at a time, and none after the end", async () => {
  let [running, most, done] = [0, 0, 0];
  await eachOf(
    Array(50).fill(0),
    3,
    () => done >= 20,
    async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      done += 1;
    },
  );
  assert.equal(most, 3);
  assert.ok(done >= 20 && done < 23, String(done));
});

test("a token is sent over http only within the machine, and never in an address", () => {
  for (const url of ["https://postern.example", "http://127.0.0.1:8787", "http://localhost:1", "http://[::1]:1/base"])
    serviceUrl(url);
  for (const url of [
    undefined,
    "",
    "postern.example",
    "http://postern.example",
    "http://127.0.0.1.example",
    "http://10.0.0.1",
    "ftp://localhost",
    "https://a:b@postern.example",
    "https://postern.example/?a=b",
  ]) {
    assert.throws(() => serviceUrl(url), { exit: 2 }, url);
  }
});

test("a configuration differs by what the package has and it has not; names, ids and additions are the user's", () => {
  const written = {
    name: "postern",
    main: "dist/index.js",
    ratelimits: [
      { name: "A", namespace_id: "1", simple: { limit: 100 } },
      { name: "B", namespace_id: "2" },
    ],
    d1_databases: [{ binding: "DB", database_name: "postern", migrations_dir: "new" }],
    assets: { run_worker_first: ["/*", "!/docs"] },
    secrets: { required: [] },
  };
  const own = {
    name: "acme",
    main: "dist/index.js",
    routes: ["acme.example/*"],
    ratelimits: [{ name: "A", namespace_id: "7", simple: { limit: 10 } }],
    d1_databases: [
      { binding: "OTHER", database_id: "x" },
      { binding: "DB", database_name: "acme", database_id: "y", migrations_dir: "old" },
    ],
    assets: { run_worker_first: ["/*", "!/mine"] },
  };
  assert.deepEqual(drift(written, own), [
    "ratelimits.A.simple.limit is 10, the package has 100",
    'ratelimits.B is missing: {"name":"B","namespace_id":"2"}',
    'd1_databases.DB.migrations_dir is "old", the package has "new"',
    'assets.run_worker_first lacks "!/docs"',
    'assets.run_worker_first also has "!/mine"',
    'secrets is missing: {"required":[]}',
  ]);
  assert.deepEqual(drift(written, { ...structuredClone(written), name: "acme", logpush: true }), []);
});

test("completion knows commands, flags and choices", () => {
  assert.deepEqual(completions(program, ["cred"]), ["credentials"]);
  assert.deepEqual(completions(program, ["credentials", "re"]).sort(), ["replace", "restore", "revoke"]);
  assert.deepEqual(completions(program, ["credentials", "rotate", "f"]), ["finish"]);
  assert.deepEqual(completions(program, ["credentials", "update", "--access", "re"]), ["read"]);
  assert.deepEqual(completions(program, ["credentials", "update", "--clear-d"]), ["--clear-description"]);
  assert.ok(!completions(program, ["completion", ""]).includes("words"));
});

test("the package's dependencies are those that its tests ran with", () => {
  const read = (path) => JSON.parse(readFileSync(path, "utf8"));
  const { dependencies } = read(new URL("../package.json", import.meta.url));
  const { devDependencies } = read(new URL("../../../package.json", import.meta.url));
  for (const [name, version] of Object.entries(dependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.equal(version, devDependencies[name], name);
  }
});

test("a Node that cannot run the Worker is named before anything is installed", () => {
  for (const version of ["22.12.0", "22.30.1", "24.0.0"]) checkNode(version);
  for (const version of ["20.20.2", "22.11.0"]) assert.throws(() => checkNode(version), new RegExp(`22\\.12.*${version}`));
});
