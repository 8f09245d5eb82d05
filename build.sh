#!/usr/bin/env bash
# Builds the native kist.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/eng/scripts.sh"

usage() {
  cat <<'TXT'
Usage: ./build.sh [--force] [--symbols]

Compiles kist ahead of time into artifacts/kist: one native program, server and command line.
Installs what is missing on Debian (a linker, zlib, SQLite and libsodium to link in). The .NET SDK must be there.
Does nothing when nothing has changed since the last build.

  --force    build even if nothing has changed
  --symbols  keep a profiler's symbols in artifacts/publish/kist.dbg, which takes half a minute more (implies --force)
  --help     this text
TXT
}

force=false symbols=false
for argument in "$@"; do
  case $argument in
    --force) force=true ;;
    --symbols) force=true symbols=true ;;
    -h|--help) usage; exit 0 ;;
    *) die "there is no option $argument; see ./build.sh --help" ;;
  esac
done

# What the binary is made from, as one hash: sources, build files, the SDK.
inputs() {
  cd "$root"
  {
    find src eng -type d \( -name bin -o -name obj \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
    sha256sum build.sh Directory.Build.props Directory.Packages.props global.json
    dotnet --version
    uname -m
  } | sha256sum | cut -d ' ' -f 1
}

# The rules of style and safety are the tests' to check, which compile everything too; here they would only take time.
publish() {
  local out=$root/artifacts/publish
  rm -rf "$out"
  compile publish "$root/src/Kist.Cli/Kist.Cli.csproj" -c Release --use-current-runtime -o "$out" \
    -v minimal -nodeReuse:false -tl:off -p:RunAnalyzers=false -p:NativeDebugSymbols="$symbols" || return
  if grep -E 'warning [A-Z]+[0-9]+' "$log"; then
    echo 'The build must not have warnings.'
    return 1
  fi
}

# The new binary takes the old one's place in one rename: a kist that runs keeps its own file.
install_binary() {
  local file target
  for file in "$root"/artifacts/publish/*; do
    case $file in *.dbg|*.pdb|*.xml|*.json) continue ;; esac
    target=$root/artifacts/$(basename "$file")
    cp "$file" "$target.new" && mv -f "$target.new" "$target"
  done
}

need_dotnet
mkdir -p "$root/artifacts/logs"
exec 9>"$root/artifacts/.build.lock"
flock 9
stamp=$root/artifacts/.build.inputs
log=$root/artifacts/logs/build.log
now=$(inputs)
if ! $force && [ -x "$root/artifacts/kist" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
  say "artifacts/kist is up to date"
  exit 0
fi

compiler=gcc
if command -v clang >/dev/null; then compiler=clang; fi
need_packages "$compiler" libc6-dev zlib1g-dev libsqlite3-dev libsodium-dev
rm -f "$stamp"
step "Building the native kist (a few minutes)" "$log" publish
install_binary
printf '%s\n' "$now" >"$stamp"
say "artifacts/kist: $(du -h "$root/artifacts/kist" | cut -f 1)"
