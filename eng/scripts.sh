# shellcheck shell=bash
# Shared by the scripts at the root, which source it: messages, progress, Debian packages, the .NET SDK.
# Nothing started here outlives the script: each long step runs in a process group of its own, ended by the trap.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
children=()       # process groups that are still running
scratch=          # made by make_scratch, removed at the end

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

clean_up() {
  local status=$? group
  trap - EXIT INT TERM HUP
  for group in "${children[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  for group in "${children[@]}"; do
    if still_runs "$group"; then kill -KILL -- "-$group" 2>/dev/null || true; fi
    wait "$group" 2>/dev/null || true
  done
  if [ -n "$scratch" ]; then rm -rf -- "$scratch"; fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# alive_in GROUP: whether a process of the group still runs; the first one's folder is in $alive. Zombies do not count:
# they are for others to reap.
alive_in() {
  local stat line fields
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    read -r -a fields <<<"${line##*) }"
    if [ "${fields[2]}" = "$1" ] && [ "${fields[0]}" != Z ]; then alive=${stat%/stat}; return 0; fi
  done
  return 1
}

# still_runs GROUP: the same, after up to five seconds of grace.
still_runs() {
  local tries
  for tries in {1..25}; do
    if ! alive_in "$1"; then return 1; fi
    sleep 0.2
  done
  return 0
}

make_scratch() { scratch=$(mktemp -d "${TMPDIR:-/tmp}/kist.XXXXXXXX"); }

# in_group COMMAND...: starts it in its own process group, in the background, without stdin; the id is in $group.
in_group() {
  set -m
  "$@" </dev/null &
  group=$!
  set +m
  children+=("$group")
}

# await_group ID: waits for it and returns its status.
await_group() {
  local status=0 each rest=()
  wait "$1" || status=$?
  for each in "${children[@]}"; do if [ "$each" != "$1" ]; then rest+=("$each"); fi; done
  children=("${rest[@]}")
  return "$status"
}

# step LABEL LOG COMMAND...: runs it quietly, counting the seconds on a terminal; the log's end is shown on a failure.
step() {
  local label=$1 log=$2 began=$SECONDS status=0
  shift 2
  mkdir -p "$(dirname "$log")"
  in_group "$@" >"$log" 2>&1
  local id=$group
  if [ -t 2 ]; then
    while kill -0 "$id" 2>/dev/null; do
      printf '\r%s … %d s' "$label" $((SECONDS - began)) >&2
      sleep 0.5
    done
    printf '\r\033[K' >&2
  else
    say "$label …"
  fi
  await_group "$id" || status=$?
  # The compiler would wait for more to do.
  if alive_in "$id"; then kill -TERM -- "-$id" 2>/dev/null || true; fi
  if [ "$status" -eq 0 ]; then
    say "$label: done in $((SECONDS - began)) s"
  else
    tail -n 60 "$log" >&2
    say "$label: failed (status $status), the whole output is in $log"
  fi
  return "$status"
}

# authorise_root PACKAGES: asks for the password if need be, because later, in the background, nothing can ask.
authorise_root() {
  if [ "$(id -u)" -eq 0 ]; then return; fi
  command -v sudo >/dev/null || die "root is needed to install $* (run this as root, or install sudo)"
  sudo -n true 2>/dev/null || sudo -v || die "root is needed to install $*"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120)
  as_root "${apt[@]}" install --no-install-recommends "$@" && return
  as_root "${apt[@]}" update && as_root "${apt[@]}" install --no-install-recommends "$@"
}

# need_packages NAME...: installs the Debian packages that are missing. Elsewhere it only says what is wanted.
need_packages() {
  local name missing=()
  if ! command -v dpkg-query >/dev/null; then
    say "This is no Debian: make sure that you have what these packages hold: $*"
    return
  fi
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  authorise_root "${missing[*]}"
  step "Installing ${missing[*]}" "$root/artifacts/logs/apt.log" apt_install "${missing[@]}" \
    || die "could not install ${missing[*]}; on Debian: apt-get install ${missing[*]}"
}

# need_node_packages FOLDER: fetches what the folder's lock file names. Node comes from Debian where it is missing.
need_node_packages() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then need_packages nodejs npm; fi
  if [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then return; fi
  step "Fetching the packages of ${1#"$root/"}" "$root/artifacts/logs/npm.log" \
    npm --prefix "$1" ci --ignore-scripts --no-audit --no-fund \
    || die "could not fetch the npm packages of ${1#"$root/"}"
  touch "$1/node_modules/.package-lock.json"
}

# need_dotnet: checks the SDK and sets the environment in which it neither talks, phones home nor leaves servers behind.
need_dotnet() {
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
  export DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
  # One compiler for all projects of a build; of its own, so that the step that started it can end it.
  export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=1 UseSharedCompilation=true SharedCompilationId=kist-$$
  if [ ! -w "${HOME:-/nonexistent}" ]; then
    export HOME="$root/artifacts/home"
    mkdir -p "$HOME"
  fi
  command -v dotnet >/dev/null || die "the .NET SDK 10 is needed: https://dotnet.microsoft.com/download"
  (cd "$root" && dotnet --version >/dev/null 2>&1) \
    || die "this repository needs the .NET SDK that global.json names; found only: $(dotnet --list-sdks | tr '\n' ' ')"
  if [ -z "${DOTNET_ROOT:-}" ]; then
    DOTNET_ROOT=$(dotnet --list-runtimes | sed -n 's|^Microsoft.NETCore.App .* \[\(.*\)/shared/.*|\1|p' | tail -n 1)
    export DOTNET_ROOT
  fi
}

# compile ARGUMENT...: dotnet for a build. What a build runs lives too short for the profile that would be taken of it
# to pay, and makes much garbage at once: it takes three fifths of the time so.
compile() { DOTNET_TieredPGO=0 DOTNET_GCgen0size=0x4000000 dotnet "$@"; }
