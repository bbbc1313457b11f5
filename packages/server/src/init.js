// `postern init`: writes the files of a Worker that runs this package. What exists is never overwritten.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseEnv } from "node:util";
import { version } from "./description.js";
import { EXIT, Failure, wrongUse } from "./failure.js";
import { DIST, installedFor, isInstalled, name } from "./package.js";
import { note } from "./run.js";

export const CONFIGURATION = "wrangler.jsonc";
export const SETTINGS = ".dev.vars";

/** The keys that the Worker requires, and how a new one is made. */
export const KEYS = {
  POSTERN_ROOT_TOKEN: () => `root_${randomBytes(24).toString("hex")}`,
  POSTERN_MASTER_KEY: () => randomBytes(32).toString("hex"),
};

/** Returns the configuration of a Worker in a folder, which runs the package installed for it. */
function configuration(template, folder, installed) {
  const { build, d1_databases, assets, ...rest } = template;
  const inPackage = (path) => relative(folder, join(installed, "dist", path)).replaceAll("\\", "/");
  return {
    $schema: "node_modules/wrangler/config-schema.json",
    ...rest,
    main: inPackage("worker/index.js"),
    // Without an id: `postern deploy` creates the database, and writes its id here.
    d1_databases: d1_databases.map(({ database_id, ...database }) => ({ ...database, migrations_dir: inPackage("migrations") })),
    assets: { ...assets, directory: inPackage("assets") },
  };
}

/** Returns what `init` writes into a folder, where the package is installed. */
export const written = (folder, installed) =>
  configuration(JSON.parse(readFileSync(join(DIST, "wrangler.json"), "utf8")), folder, installed);

/** Appends what is missing to a file of lines. Returns whether anything was. */
function addLines(file, lines, options) {
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (!lines.length) return false;
  appendFileSync(file, `${before && !before.endsWith("\n") ? "\n" : ""}${lines.join("\n")}\n`, options);
  return true;
}

/** Writes new keys to a file of settings, where it has none. Only its owner can read it. */
export function addKeys(file, head, names = Object.keys(KEYS)) {
  const isNew = !existsSync(file);
  if (!isNew) chmodSync(file, 0o600);
  const settings = isNew ? {} : parseEnv(readFileSync(file, "utf8"));
  const missing = names.filter((key) => !settings[key]);
  return addLines(file, [...(isNew ? [head] : []), ...missing.map((key) => `${key}="${KEYS[key]()}"`)], { mode: 0o600 });
}

function ignore(file) {
  const before = existsSync(file)
    ? readFileSync(file, "utf8")
        .split(/\r?\n/)
        .map((line) => line.replace(/^\/|\/$/g, ""))
    : [];
  return addLines(
    file,
    ["node_modules/", ".wrangler/", ".dev.vars*", "*.secret"].filter((line) => !before.includes(line.replace(/\/$/, ""))),
  );
}

/** Installs this version of the package for the folder, which a program run by npx is not. */
function install(folder) {
  note(`Installing ${name} ${version}`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["install", "--save-exact", "--no-audit", "--no-fund", `${name}@${version}`], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  const installed = installedFor(folder);
  if (status !== 0 || !installed)
    throw new Failure(EXIT.unreachable, `${name} could not be installed here. Install it yourself, then run this again.`);
  return installed;
}

/** Checks that a version of Node can run the Worker. */
export function checkNode(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 12)) {
    throw wrongUse(`Node 22.12 or newer is needed to run the Worker, and this is Node ${version}.`);
  }
}

/** Runs `postern init`. */
export function init(folder) {
  if (!isInstalled) throw wrongUse("This is a checkout of the repository: use make dev.");
  checkNode(process.versions.node);
  const other = ["wrangler.toml", "wrangler.json"].find((one) => existsSync(join(folder, one)));
  if (other) throw wrongUse(`This folder has a ${other}, and wrangler uses only one configuration. Use another folder.`);
  const installed = installedFor(folder) ?? install(folder);
  const file = join(folder, CONFIGURATION);
  const added = [];
  if (!existsSync(file)) {
    const head = `// The Worker of ${name}. This file is yours: an upgrade does not change it.`;
    const body = JSON.stringify(written(folder, installed), null, 2);
    writeFileSync(file, `${head}\n${body}\n`, { flag: "wx" });
    added.push(CONFIGURATION);
  }
  const keys = "# The keys of this machine, made by `postern init`. Do not commit this file.";
  if (addKeys(join(folder, SETTINGS), keys)) added.push(SETTINGS);
  if (ignore(join(folder, ".gitignore"))) added.push(".gitignore");
  note(added.length ? `Written: ${added.join(", ")}.` : "Nothing to do: every file exists.");
  note("Next: npx postern dev");
  return EXIT.done;
}
