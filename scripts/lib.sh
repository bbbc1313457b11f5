# Shared by the other scripts, which begin with:  source "$(dirname "$0")/lib.sh"
# Kept to what bash 3.2 knows, because that is what macOS has.
# shellcheck shell=bash disable=SC2034 # some of the names are for those who source it
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# What takes minutes to make is kept per user, so that a second clone finds it again.
tools=${POSTERN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
# What this clone uses of it: written by scripts/setup, read by use_wasm_tools.
env_file=$root/.dev/env
target=wasm32-unknown-unknown
bundle_limit=345000 # bytes, gzipped: the free plan takes 3 MB, and what is loaded faster answers sooner
wrangler_config=${WRANGLER_CONFIG:-wrangler.toml} # what is deployed

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# hash_of FILE…: one hash over the names and contents. (git, because sha256sum has another name on macOS.)
hash_of() {
    { printf '%s\n' "$@" && git hash-object --no-filters "$@"; } | git hash-object --no-filters --stdin
}

# The toolchain for wasm may be another one than for native builds: source it only around the former.
use_wasm_tools() {
    # shellcheck source=/dev/null
    source "$env_file"
}

# ---------------------------------------------------------------------------------------------------------------------
# The local Worker. It never phones home, never asks, and is told the same state folder each time.

export WRANGLER_SEND_METRICS=false DO_NOT_TRACK=1 CLOUDFLARE_CF_FETCH_ENABLED=false

wrangler() { node_modules/.bin/wrangler "$@" </dev/null; }

# quietly COMMAND…: shows the output only if it fails
quietly() {
    local output
    output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2 && return 1; }
}

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# fresh_settings: keys of one run only, as a file of settings has them
fresh_settings() {
    printf '%s="%s"\n' POSTERN_ROOT_TOKEN "root_$(random_hex 24)" POSTERN_MASTER_KEY "$(random_hex 32)" \
        POSTERN_SERVER_TIMING all
}
# setting NAME FILE
setting() { sed -n "s/^$1=\"\(.*\)\"\$/\1/p" "$2"; }

random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# migrate STATE [SQL]: brings the database in that folder up to the newest migration, then runs the SQL file, which must
# be such that it can be run again. What was done is noted in the folder itself, so that nothing is done twice.
migrate() {
    local state=$1 seed=${2:-} stamp=$1/postern-migrated file wanted line
    wanted=$(for file in migrations/*.sql $seed; do say "$(git hash-object --no-filters "$file") $file"; done)
    [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || return 0

    # wrangler goes by names and would not notice that a migration it has run has changed since.
    if [ -f "$stamp" ]; then
        grep ' migrations/' "$stamp" | while read -r line; do
            grep -qxF "$line" <<<"$wanted" || die "${line#* } changed or went after it was run on the database in $state.
  To begin with an empty database: make clean. (If the migration was released, write a new one instead.)"
        done
    fi

    say "Migrating the local database"
    quietly wrangler d1 migrations apply postern --local --persist-to "$state"
    [ -z "$seed" ] || quietly wrangler d1 execute postern --local --persist-to "$state" --yes --file "$seed"
    say "$wanted" >"$stamp"
}

answers() { curl -s -o /dev/null --max-time 5 "$1"; }

# settings FILE: each setting of that file as NAME:value and a NUL. The file is read as wrangler reads it, with its quotes, comments
# and spaces.
settings() {
    # shellcheck disable=SC2016 # it is JavaScript
    node -e 'const settings = require("util").parseEnv(require("fs").readFileSync(process.argv[1], "utf8"));
        process.stdout.write(Object.entries(settings).map(([name, value]) => `${name}:${value}\0`).join(""))' "$1"
}

# start_worker PORT STATE SETTINGS LOG: starts the Worker on that port and waits until it answers. SETTINGS is a file of
# NAME="value" lines. Sets worker_pid.
start_worker() {
    local port=$1 state=$2 settings=$3 log=$4 setting optional=()
    # From a file wrangler takes only what wrangler.toml lists as required; the others go by the command line.
    while IFS= read -r -d '' setting; do
        case $setting in
            POSTERN_ROOT_TOKEN:* | POSTERN_MASTER_KEY:*) ;;
            *) optional+=(--var "$setting") ;;
        esac
    done < <(settings "$settings")

    # A process group of its own (set -m): Ctrl-C reaches only this script, which then stops the Worker in order.
    set -m
    exec_wrangler dev --ip 127.0.0.1 --port "$port" --persist-to "$state" --env-file "$settings" \
        --show-interactive-dev-session=false ${optional[@]+"${optional[@]}"} >"$log" 2>&1 &
    worker_pid=$!
    set +m

    wait_for_worker "$port" "$log"
}
exec_wrangler() { exec node_modules/.bin/wrangler "$@" </dev/null; }

# serve PORT STATE SETTINGS LOG: the same without wrangler's proxies (scripts/serve.mjs says why). Sets worker_pid.
serve() {
    set -m
    node scripts/serve.mjs "$1" "$2" "$3" >"$4" 2>&1 </dev/null &
    worker_pid=$!
    set +m
    wait_for_worker "$1" "$4"
}

# wait_for_worker PORT LOG: until it answers, or has ended
wait_for_worker() {
    local port=$1 log=$2 tries=0
    until answers "http://127.0.0.1:$port/"; do
        tries=$((tries + 1))
        if ! kill -0 "$worker_pid" 2>/dev/null || [ $tries -gt 600 ]; then
            cat "$log" >&2
            die "the Worker did not start"
        fi
        sleep 0.1
    done
}

# stop_worker: wrangler ends what it started when asked to; what is left of its process group after 5 s is killed. A
# second Ctrl-C does not interrupt this.
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
# An older commit beside the working tree: what the working tree is compared with.

old_commit=0ab940b # the last commit before the shape of the code changed (order A)

# build_old COMMIT DIR: checks the commit out into that folder, a git worktree, or uses the one that is there; and builds the
# Worker there with the commit's own scripts. Its npm packages are ours where the lock files are equal.
build_old() {
    local commit=$1 dir=$2
    commit=$(git rev-parse --verify --quiet "$1^{commit}") || die "there is no commit '$1'"
    if [ ! -e "$dir/.git" ] || [ "$(git -C "$dir" rev-parse HEAD 2>/dev/null)" != "$commit" ]; then
        say "Checking out $1 into $dir"
        git worktree prune # one that \`make clean\` removed
        if [ -e "$dir/.git" ]; then quietly git -C "$dir" checkout --detach --force "$commit"
        else quietly git worktree add --detach --force "$dir" "$commit"; fi
    fi
    [ -z "$(git -C "$dir" status --porcelain --untracked-files=no)" ] || die "$dir has changes: it has to be $1 as it was committed"
    if cmp -s package-lock.json "$dir/package-lock.json" && cmp -s package.json "$dir/package.json"; then
        [ -L "$dir/node_modules" ] || { rm -rf "$dir/node_modules" && ln -s "$root/node_modules" "$dir/node_modules"; }
    elif [ -L "$dir/node_modules" ]; then
        rm "$dir/node_modules"
    fi
    say "Building $1"
    (cd "$dir" && quietly scripts/build)
}
