# Shared functions and variables. The other scripts begin with:  source "$(dirname "$0")/lib.sh"
# Limited to bash 3.2, the version on macOS.
# shellcheck shell=bash disable=SC2034 # other scripts use some of the variables
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export PATH=$root/.dev/bin:$PATH # Node, where the machine's is too old: written by scripts/setup

# The cache of tools that take minutes to build, shared by the user's clones.
tools=${POSTERN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
# The tools that this clone uses: written by scripts/setup, read by use_wasm_tools.
env_file=$root/.dev/env
target=wasm32-unknown-unknown
bundle_limit=420000 # bytes, gzipped: the free plan allows 3 MB, but a smaller bundle starts faster
console_limit=60000 # bytes, gzipped
wrangler_config=${WRANGLER_CONFIG:-wrangler.toml} # the configuration that is deployed

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# hash_of FILE…: prints one hash of the names and contents. (Uses git, because macOS has no sha256sum.)
hash_of() {
    { printf '%s\n' "$@" && git hash-object --no-filters "$@"; } | git hash-object --no-filters --stdin
}

# Selects the tools for wasm. Their Rust toolchain can differ from that for native builds, so call this in a subshell.
use_wasm_tools() {
    # shellcheck source=/dev/null
    source "$env_file"
}

# ---------------------------------------------------------------------------------------------------------------------
# The local Worker. wrangler sends no telemetry, never prompts, and always gets the state folder as an option.

export WRANGLER_SEND_METRICS=false DO_NOT_TRACK=1 CLOUDFLARE_CF_FETCH_ENABLED=false

wrangler() { node_modules/.bin/wrangler "$@" </dev/null; }

# quietly COMMAND…: prints the output only if the command fails
quietly() {
    local output
    output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2 && return 1; }
}

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# fresh_settings: prints settings with new random keys, as NAME="value" lines
fresh_settings() {
    printf '%s="%s"\n' POSTERN_ROOT_TOKEN "root_$(random_hex 24)" POSTERN_MASTER_KEY "$(random_hex 32)" \
        POSTERN_SERVER_TIMING all
}
# setting NAME FILE: prints the value of a setting
setting() { sed -n "s/^$1=\"\(.*\)\"\$/\1/p" "$2"; }

random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# migrate STATE [SQL]: applies the migrations to the database in that folder, then runs the SQL file, which must be repeatable. A
# stamp in the folder records what has run, so that unchanged files are not run again.
migrate() {
    local state=$1 seed=${2:-} stamp=$1/postern-migrated file wanted line
    wanted=$(for file in migrations/*.sql $seed; do say "$(git hash-object --no-filters "$file") $file"; done)
    [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || return 0

    # wrangler compares only names, so it does not notice that an applied migration has changed.
    if [ -f "$stamp" ]; then
        grep ' migrations/' "$stamp" | while read -r line; do
            grep -qxF "$line" <<<"$wanted" || die "${line#* } was changed or removed after it was applied to the database in $state.
  To start with an empty database: make clean. (If the migration was released, write a new one instead.)"
        done
    fi

    say "Migrating the local database"
    quietly wrangler d1 migrations apply postern --local --persist-to "$state"
    [ -z "$seed" ] || quietly wrangler d1 execute postern --local --persist-to "$state" --yes --file "$seed"
    say "$wanted" >"$stamp"
}

# answers URL: whether a Worker runs at this address
answers() { curl -sf -o /dev/null --max-time 5 "${1%/}/healthz"; }

# expect_ready URL SETTINGS: fails, with the checks, unless the Worker can serve requests
expect_ready() {
    local token checks
    token=$(settings "$2" | tr '\0' '\n' | sed -n 's/^POSTERN_ROOT_TOKEN://p')
    checks=$(curl -s --max-time 30 -H @- "$1/readyz" <<<"Authorization: Bearer $token" || true)
    [[ $checks == '{"status":"ready",'* ]] || die "the Worker is not ready: $checks"
}

# settings FILE: each setting of that file as NAME:value and a NUL. The file is read as wrangler reads it, with its quotes, comments
# and spaces.
settings() {
    # shellcheck disable=SC2016 # it is JavaScript
    node -e 'const settings = require("util").parseEnv(require("fs").readFileSync(process.argv[1], "utf8"));
        process.stdout.write(Object.entries(settings).map(([name, value]) => `${name}:${value}\0`).join(""))' "$1"
}

# dev_config SETTINGS: writes the configuration of `make dev`: wrangler.toml with every setting of that file as a required secret.
# wrangler gives the Worker no others, except as arguments, which every user of the machine can read.
dev_config_file=$root/.wrangler.dev.json # here, because its paths are relative
dev_config() {
    node -e 'const [settings, port, file] = process.argv.slice(1), { readFileSync, writeFileSync } = require("fs");
        const { rawConfig } = require("wrangler").experimental_readRawConfig({ config: "wrangler.toml" });
        const given = Object.keys(require("util").parseEnv(readFileSync(settings, "utf8")));
        rawConfig.secrets.required = given;
        // So that log-ins without a secret work here, too.
        if (!given.includes("POSTERN_ISSUER")) rawConfig.vars = { ...rawConfig.vars, POSTERN_ISSUER: "http://127.0.0.1:" + port };
        writeFileSync(file, JSON.stringify(rawConfig))' "$1" "$2" "$dev_config_file"
}

# start_worker PORT STATE SETTINGS LOG: starts the Worker on that port and waits until it responds. SETTINGS is a file of
# NAME="value" lines. Sets worker_pid.
start_worker() {
    local port=$1 state=$2 settings=$3 log=$4
    dev_config "$settings" "$port"

    # With its own process group (set -m), Ctrl-C reaches only this script, which then stops the Worker in an orderly way.
    set -m
    exec_wrangler dev --config "$dev_config_file" --ip 127.0.0.1 --port "$port" --persist-to "$state" --env-file "$settings" \
        --show-interactive-dev-session=false >"$log" 2>&1 &
    worker_pid=$!
    set +m

    wait_for_worker "$port" "$log"
}
exec_wrangler() { exec node_modules/.bin/wrangler "$@" </dev/null; }

# serve PORT STATE SETTINGS LOG: as start_worker, without wrangler's proxies (scripts/serve.mjs has the reason). Sets worker_pid.
serve() {
    set -m
    node scripts/serve.mjs "$1" "$2" "$3" >"$4" 2>&1 </dev/null &
    worker_pid=$!
    set +m
    wait_for_worker "$1" "$4"
}

# wait_for_worker PORT LOG: waits until the Worker responds; fails if it exits or does not respond for a minute
wait_for_worker() {
    local port=$1 log=$2 tries=0
    until answers "http://127.0.0.1:$port"; do
        tries=$((tries + 1))
        if ! kill -0 "$worker_pid" 2>/dev/null || [ $tries -gt 600 ]; then
            cat "$log" >&2
            die "the Worker did not start"
        fi
        sleep 0.1
    done
}

# stop_worker: asks wrangler to stop its processes; kills the rest of its process group after 5 s. A second Ctrl-C does not
# interrupt this.
worker_pid=
stop_worker() {
    trap '' INT TERM HUP
    [ -n "$worker_pid" ] || return 0
    local tries=0
    kill -TERM "$worker_pid" 2>/dev/null || true
    while kill -0 "$worker_pid" 2>/dev/null && [ $tries -lt 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    kill -KILL -- "-$worker_pid" 2>/dev/null || true
    worker_pid=
}

# ---------------------------------------------------------------------------------------------------------------------
# The older commit that the working tree is compared with.

old_commit=0ab940b # the last commit before the shape of the code changed (order A)

# build_old COMMIT DIR: checks the commit out into that folder, a git worktree, unless it is there already, and builds the Worker
# with the commit's own scripts. If the lock files are equal, it uses the npm packages of the working tree.
build_old() {
    local commit=$1 dir=$2
    commit=$(git rev-parse --verify --quiet "$1^{commit}") || die "there is no commit '$1'"
    if [ ! -e "$dir/.git" ] || [ "$(git -C "$dir" rev-parse HEAD 2>/dev/null)" != "$commit" ]; then
        say "Checking out $1 into $dir"
        git worktree prune # one that \`make clean\` removed
        if [ -e "$dir/.git" ]; then quietly git -C "$dir" checkout --detach --force "$commit"
        else quietly git worktree add --detach --force "$dir" "$commit"; fi
    fi
    [ -z "$(git -C "$dir" status --porcelain --untracked-files=no)" ] || die "$dir has uncommitted changes: revert them, or remove that folder"
    if cmp -s package-lock.json "$dir/package-lock.json" && cmp -s package.json "$dir/package.json"; then
        [ -L "$dir/node_modules" ] || { rm -rf "$dir/node_modules" && ln -s "$root/node_modules" "$dir/node_modules"; }
    elif [ -L "$dir/node_modules" ]; then
        rm "$dir/node_modules"
    fi
    say "Building $1"
    (cd "$dir" && quietly scripts/build)
}
