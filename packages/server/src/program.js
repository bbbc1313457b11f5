// The commander program: one command for each operation, and the commands that are more than an operation.
import { Argument, Command, Option } from "commander";
import { addBulk, filters, revokeMatching } from "./bulk.js";
import { addCompletion } from "./completion.js";
import { migrateCommand } from "./database.js";
import { deploy } from "./deploy.js";
import { OPERATIONS, version } from "./description.js";
import { dev } from "./dev.js";
import { wrongUse } from "./failure.js";
import { fieldsOf, plain } from "./flags.js";
import { CONFIGURATION, SETTINGS, init } from "./init.js";
import { masterKey } from "./keys.js";
import { COMMANDS, GROUPS } from "./operations.js";
import { safe } from "./output.js";
import { name } from "./package.js";
import { run } from "./run.js";
import { parseMatching, parseSeconds, parseWhole } from "./values.js";

/** Returns the command of that path, and creates the commands above it. */
export function commandAt(program, path) {
  return path.split(" ").reduce((parent, word, at, words) => {
    const found = parent.commands.find((command) => command.name() === word);
    if (found) return found;
    const made = parent.command(word);
    const group = at < words.length - 1 && GROUPS[word];
    return group ? made.description(group).helpCommand(false) : made.helpCommand(false);
  }, program);
}

/** Returns commander's error without the value of an unknown flag, which could be a secret. */
const withoutValues = (text) =>
  text
    .trim()
    .split("\n")
    .map((line) => `${safe(line).replace(/'(--?[^='\s]*)=.*'/, "'$1'")}\n`)
    .join("");

const isPositional = (parameter, path) => path.split(" ").includes(`${parameter.name}s`);

function addConnection(command, spec) {
  command.addOption(new Option("--url <url>", "The address of the service.").env("POSTERN_URL"));
  if (spec.auth !== "none")
    command.option("--token-file <file>", "A file with the caller's token; - is standard input. Else POSTERN_TOKEN, or a prompt.");
  command.option("--json", "Print the response as JSON.");
}

/** Adds the command of an operation. */
function addOperation(program, operation, spec, finish) {
  const command = commandAt(program, spec.command);
  command.summary(operation.summary).description(plain(`${operation.summary}. ${operation.text}`));
  const positional = operation.parameters.filter((parameter) => isPositional(parameter, spec.command));
  const isBulk = operation.id === "revoke_credential";
  for (const { name, description, schema } of positional) {
    command.addArgument(
      new Argument(isBulk ? `[${name}]` : `<${name}>`, plain(description)).argParser(parseMatching(schema.pattern)),
    );
  }
  for (const { name, description, schema } of operation.parameters.filter((parameter) => !positional.includes(parameter))) {
    const option = new Option(`--${name} <id>`, `${plain(description)} The default is that of the caller.`);
    command.addOption(option.env("POSTERN_TENANT").argParser(parseMatching(schema.pattern)));
  }
  const without = [spec.checks, ...(spec.auth === "form" ? ["grant_type"] : [])];
  const fields = fieldsOf(operation, { without });
  // The tokens of a batch have the same needs.
  if (spec.checks === "items") fields.push(...fieldsOf(OPERATIONS.get("verify"), { without: ["max_staleness_seconds", "token"] }));
  for (const { flags } of fields) for (const { option } of flags) command.addOption(option);
  if (operation.body?.type === "application/json")
    command.option("--body <file>", "A file with the body as JSON, which the flags add to; - is standard input.");
  if (spec.checks)
    command.option(
      "--from <file>",
      `A file with ${spec.checks === "items" ? "the tokens to check, one a line" : "the token to check"}; - is standard input.`,
    );
  if (spec.reveals) command.option("--out <file>", "Write the secret to this new file, which only its owner can read.");
  const bulkFlags = isBulk ? addBulk(command) : [];
  if (spec.destroys) command.option("--yes", "Do not ask whether to do it.");
  addConnection(command, spec);
  command.action((...given) => {
    const values = Object.fromEntries(positional.map(({ name }, at) => [name, given[at]]));
    const { json } = command.opts();
    if (!isBulk) return finish(() => run({ operation, spec, fields }, command, values), { fields, json });
    const isFiltered = filters.some(({ flags }) =>
      flags.some(({ option }) => command.getOptionValue(option.attributeName()) !== undefined),
    );
    return finish(
      () => {
        if (Boolean(values.credential) === isFiltered)
          throw wrongUse("Give either the id of a credential or filters, such as --unused-since 90d.");
        if (isFiltered) return revokeMatching(command);
        if (bulkFlags.some((flag) => command.getOptionValue(flag) !== undefined))
          throw wrongUse("--dry-run, --concurrency and --yes need filters.");
        return run({ operation, spec, fields }, command, values);
      },
      { fields: isFiltered ? [...fields, ...filters] : fields, json },
    );
  });
}

/** Adds the commands for the Worker of a folder. */
function addLocal(program, finish) {
  const folder = process.cwd();
  program
    .command("init")
    .summary("Write the files of a Worker into this folder")
    .description(
      `Writes ${CONFIGURATION}, ${SETTINGS} with new random keys, and .gitignore into this folder. What exists is kept. ` +
        "Installs this package here, if it is not.",
    )
    .action(() => finish(() => init(folder)));
  const serve = program
    .command("dev")
    .summary("Serve Postern on this machine")
    .description(
      "Migrates the local database and serves the Worker of this folder until Ctrl-C. The database is in the folder's .wrangler.",
    )
    .option("--port <number>", "The port. The default is 8787.", parseWhole);
  serve.action(() => finish(() => dev(folder, serve.opts())));
  const withConfig = (command) =>
    command.option("--config <file>", `The configuration of the Worker. The default is ${CONFIGURATION}.`);
  const optionsOf = (command) => ({ config: CONFIGURATION, ...command.opts() });
  const deployment = withConfig(program.command("deploy"))
    .summary("Deploy the Worker, its database, its keys and a first admin")
    .description(
      "Deploys the Worker of this folder to Cloudflare, or a newer version of it: creates the database, makes the keys, applies the migrations, " +
        "deploys, waits until the Worker is ready, and creates a first admin. What is there already is kept, so the command can be repeated.",
    )
    .option(
      "--out <file>",
      "The file of the Worker's keys. New keys are written to it, and only its owner can read it. At a terminal, the default is NAME.secret, with the name of the Worker.",
    )
    .option("--tenant <name>", "Create a tenant of this name and its admin, if there is no tenant.")
    .option("--admin-out <file>", "Write the secret of that admin to this new file. At a terminal, the default is NAME-admin.secret.")
    .option("--url <url>", "The address of the deployed Worker. The default is that at workers.dev.")
    .option("--wait <duration>", "How long to wait until the Worker is ready. The default is 2m.", parseSeconds)
    .option("--dry-run", "Only report what would be done.");
  deployment.action(() => finish(() => deploy(folder, { wait: 120, ...optionsOf(deployment) })));
  const migration = withConfig(program.command("migrate"))
    .summary("Apply the migrations of the package to the database")
    .description("Applies the migrations that the local database does not have. `deploy` and `dev` do so too.")
    .option("--remote", "In the deployed database, after a bookmark to which it can be restored was printed.")
    .option("--dry-run", "Only report what would be applied.");
  migration.action(() => finish(() => migrateCommand(folder, optionsOf(migration))));
  const keys = withConfig(program.command("master-key"))
    .summary("Count the secrets under each master key, or change the key")
    .description(
      "Counts the secrets under each master key (POSTERN_MASTER_KEY, POSTERN_MASTER_KEY_PREVIOUS), in the local database. " +
        "The previous key can be removed when none is left under it. The keys are those of the environment, else of the file.",
    )
    .option("--remote", "In the deployed database.")
    .option("--keys <file>", `The file of the keys. The default is ${SETTINGS}, with --remote the NAME.secret of deploy.`)
    .option("--change", "Only make a new master key in that file, which keeps the current one as the previous one. The Worker is not changed.")
    .option("--json", "Print the result as JSON.");
  keys.action(() => finish(() => masterKey(folder, optionsOf(keys))));
}

/** Returns the program. `finish(work, { fields, json })` runs a command, reports its error and keeps its exit code. */
export function createProgram(finish) {
  const program = new Command("postern")
    .description("Issue, rotate, revoke and verify API credentials: the command line of Postern.")
    .version(version, "--version", `Print the version of ${name}.`)
    .helpCommand(false)
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(withoutValues(text)) })
    .exitOverride();
  for (const [id, spec] of Object.entries(COMMANDS)) {
    const operation = OPERATIONS.get(id);
    if (!operation) throw new Error(`the description has no operation ${id}`);
    addOperation(program, operation, spec, finish);
  }
  addLocal(program, finish);
  addCompletion(program, finish);
  return program;
}
