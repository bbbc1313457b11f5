// node scripts/commands.mjs: writes docs/COMMANDS.md from the commands of packages/server. With --check, fails if the file differs.
import { readFileSync, writeFileSync } from "node:fs";
import { createProgram } from "../packages/server/src/program.js";

const FILE = "docs/COMMANDS.md";
const COMMON = ["--url", "--token-file", "--json", "--tenant"];

const intro = `# Commands

\`postern\` is the program of the package \`@postern/server\` (\`packages/server\`). It has a command for every operation of Postern's own API.
In a checkout it is \`node packages/server/src/main.js\`. \`make openapi\` writes this file from the program; \`make lint\` compares.

\`\`\`sh
export POSTERN_URL=http://127.0.0.1:8787 POSTERN_TENANT=01m8m3k2yye00tf69dey7dwm09
postern credentials create --name ci --role viewer --expires-at 90d --out ci.secret
postern credentials update 01m8m3k2yye018xhdsb2vaxahb --full-access --dry-run
postern credentials revoke --unused-since 90d --dry-run
postern verify --all viewer <ci.secret
\`\`\`

## Run Postern on this machine
The package has the built Worker: Node 22.12 or newer is enough.

\`\`\`sh
npm install @postern/server  # not published yet: run make package, and install target/packages/postern-server-*.tgz
npx postern init
npx postern dev
\`\`\`

\`init\` writes three files into the current folder, and never overwrites what exists:

| file | content |
|---|---|
| \`wrangler.jsonc\` | the configuration of the Worker, to be committed. \`main\`, the assets and the migrations are paths into the package |
| \`.dev.vars\` | a new root token and a new master key, for this machine only. Only its owner can read it |
| \`.gitignore\` | keeps keys, data and packages out of commits |

\`dev\` migrates the database in \`.wrangler\` and serves the Worker until Ctrl-C. It prints the commands up to a first verified token.
A secret in \`.dev.vars\` must be in \`secrets.required\` of \`wrangler.jsonc\`, as \`POSTERN_MASTER_KEY_PREVIOUS\` is while the key is changed.
\`--token-file .dev.vars\` reads the root token from that file.
\`master-key\` counts the secrets under each master key, while [the key is changed](DEPLOY.md#change-the-master-key).

## Deploy it
[DEPLOY](DEPLOY.md) has the steps of \`deploy\`, and those of an upgrade, a roll-back and a restore. No deployment to an account was tested.
At a terminal, the keys of the deployment are in \`NAME.secret\`, with the name of the Worker; elsewhere \`--out FILE\` names the file. The address is \`--url\` or that at
\`workers.dev\`: \`POSTERN_URL\` is not read, since it may be that of another service.

## Secrets
No argument is a secret: other users of the machine can read the arguments of a program, and shells keep them.
An argument in the form of a token is refused.

| secret | where it comes from, or goes |
|---|---|
| the caller's token | \`--token-file FILE\` (\`-\` is standard input), else \`POSTERN_TOKEN\`, else a prompt that does not show it |
| a token to check | \`--from FILE\` (\`-\` is standard input), else a prompt; without a terminal, standard input |
| a new secret | \`--out FILE\`, a new file that only its owner can read; else the terminal, once; or \`--json\`. Without one of them nothing is created |

The token is sent over \`https\` only, except to this machine, and redirects are not followed.

## Flags
Only the flags that are given are sent. \`--clear-x\` sends null. \`--full-access\` sends null as roles; \`--no-roles\` sends an empty list.
A duration is a number with \`s\`, \`m\`, \`h\`, \`d\` or \`w\`; a time is a date, an RFC 3339 time, or a duration from now: into the past for \`--…-since\`.
\`--if-match\` also takes a revision. A new field of the API becomes a flag with the package of its version; before, \`--body FILE\` sends it.

Each command has these flags, where they apply:

| flag | |
|---|---|
| \`--url <url>\` | the address of the service, else \`POSTERN_URL\` |
| \`--token-file <file>\` | a file with the caller's token |
| \`--tenant <id>\` | the tenant, else \`POSTERN_TENANT\`, else that of the caller, which costs a request |
| \`--json\` | prints the response as JSON, and an error as the problem document |

Lists have every page, unless \`--limit\` or \`--cursor\` asks for one. For people, control characters in texts are shown as \`\\u{…}\`.

## Exit codes
| code | |
|---|---|
| 0 | done |
| 1 | refused by the service; or a token that was checked is not valid, or lacks a role |
| 2 | wrong use, or not confirmed: nothing was sent that changes anything |
| 3 | the service cannot be reached, or failed (5xx) |
| 130 | interrupted |

A request is sent up to three times where that is safe: it reads, it has an \`Idempotency-Key\`, or the service reports that nothing was changed.
Creations and rotations have a key by default. If the outcome stays unknown, the key is printed: the same command with \`--idempotency-key\` gets the first
response, with the secret.

## Revoke many
\`credentials revoke\` with filters instead of an id revokes every match. It lists them first, and asks; without a terminal \`--yes\` is required.
It keeps what is revoked already, the caller's own credential, and with \`--unused-since\` what was created since then.
Each credential is revoked as it was listed: if it was changed in between, it fails and is reported.
The command is safe to repeat. If the service cannot be reached, the rest is not tried.

## Completion
\`postern completion bash\`, \`zsh\` or \`fish\` prints a script for the shell. (Only bash is tested.)
`;

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
const visible = (command) => command.createHelp().visibleCommands(command);

/** Returns the section of a command, and those of the commands below it. */
function sections(command, path) {
  const below = visible(command).flatMap((one) => sections(one, `${path} ${one.name()}`));
  const takes = command.registeredArguments
    .map((argument) => ` ${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}`)
    .join("");
  const options = command.options.filter((option) => !COMMON.includes(option.long));
  if (command.commands.length && !options.length && !takes) return below;
  const table = options.map((option) => `| \`${option.flags}\` | ${cell(option.description)} |`);
  const rows = table.length ? `\n| flag | |\n|---|---|\n${table.join("\n")}\n` : "";
  return [`### postern ${path}${takes.replaceAll("<", "\\<")}\n${command.description()}\n${rows}`, ...below];
}

const program = createProgram(() => {});
const text = `${intro}\n## All commands\n${visible(program)
  .flatMap((one) => sections(one, one.name()))
  .join("\n")}`;
if (!process.argv.includes("--check")) writeFileSync(FILE, text);
else if (readFileSync(FILE, "utf8") !== text) {
  console.error(`error: ${FILE} is not that of the program. Run: make openapi`);
  process.exit(1);
}
