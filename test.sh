#!/usr/bin/env bash
# Runs every test.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/eng/scripts.sh"

usage() {
  cat <<'TXT'
Usage: ./test.sh [--fast] [--only SUITE]... [-- ARGUMENT...]

Installs what the tests need, builds, runs every suite; the last line is "N passed, N failed".
The whole output of a suite is in artifacts/tests/SUITE.log.

  --fast         leave out the native binary and the suites that need it
  --only SUITE   only this suite (repeatable); see --list
  --list         name the suites
  --help         this text
  -- ARGUMENT... for each test program, such as -class NAME or -method NAME
TXT
}

fast=false list=false only=() arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=true ;;
    --list) list=true ;;
    --only) shift; only+=("${1:?--only needs a suite}") ;;
    --only=*) only+=("${1#*=}") ;;
    --) shift; arguments=("$@"); break ;;
    -h|--help) usage; exit 0 ;;
    *) die "there is no option $1; see ./test.sh --help" ;;
  esac
  shift
done

# A suite is a project under tests whose name ends in .Tests; it is called what stands between "Kist." and ".Tests".
suite_name() { basename "$1" | sed -E 's/^Kist\.//; s/\.Tests\.csproj$//'; }
property() { sed -n "s|.*<$2>\(.*\)</$2>.*|\1|p" "$1"; }
wanted() {
  local each name
  if [ ${#only[@]} -eq 0 ]; then return 0; fi
  name=$(suite_name "$1")
  for each in "${only[@]}"; do if [ "${each,,}" = "${name,,}" ]; then return 0; fi; done
  return 1
}

runs_kist() { [ "${kinds[$1]}" != beside ]; }
needs_native() { [ "${kinds[$1]}" = native ]; }
kind() {
  if [ "$(property "$1" NeedsNativeBinary)" = true ]; then echo native
  elif [ "$(property "$1" RunsKist)" = true ]; then echo running
  else echo beside; fi
}

# The longest come first, so that no long one is left for the end.
projects=() native=0
declare -A kinds
while read -r _ project; do
  if ! wanted "$project"; then continue; fi
  kinds[$project]=$(kind "$project")
  if needs_native "$project"; then
    if $fast; then continue; fi
    native=$((native + 1))
  fi
  projects+=("$project")
done < <(find "$root/tests" -name obj -prune -o -name '*.Tests.csproj' -print |
  while IFS= read -r project; do printf '%d %s\n' "$(property "$project" SuiteSeconds)" "$project"; done |
  sort -k1,1nr -k2)
if $list; then for project in "${projects[@]}"; do suite_name "$project"; done; exit 0; fi
if [ ${#projects[@]} -eq 0 ]; then die "no such suite: ${only[*]} (see --list)"; fi

passed=0 failed=0 seconds_at_start=$SECONDS
results=$root/artifacts/tests

report_failure() { failed=$((failed + 1)); say "FAILED: $1"; }
finish() {
  say "$((SECONDS - seconds_at_start)) s"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then exit 1; fi
  exit 0
}

build_tests() {
  local project
  if [ ${#only[@]} -eq 0 ] && ! $fast; then
    compile build "$root/Kist.slnx" -c Release -v quiet -nodeReuse:false -tl:off
  else
    for project in "${projects[@]}"; do
      compile build "$project" -c Release -v quiet -nodeReuse:false -tl:off || return
    done
  fi
}

# total ATTRIBUTE REPORT: the number that the report's <assembly> element gives; nothing if there is none.
total() { { grep -o '<assembly [^>]*' "$2" | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+'; } 2>/dev/null || true; }

# The totals come from the xml report; a suite that leaves none has died and counts as one failure.
start_suite() {
  local name=$1 program=$2
  rm -f "$results/$name.xml"
  # Many tests wait for a process or a clock: twice as many at once as there are processors.
  in_group env HOME="$scratch/home" timeout --kill-after=10 420 "$program" -noLogo -noColor -failSkips -maxThreads 2x \
    -result-xml "$results/$name.xml" "${arguments[@]}" >"$results/$name.log" 2>&1
  suites+=("$group $SECONDS $name")
}

# end_suite GROUP SECONDS NAME: counts a suite that has ended.
end_suite() {
  local id=$1 began=$2 name=$3 status=0 totals=() each
  local report=$results/$name.xml log=$results/$name.log
  await_group "$id" || status=$?
  if still_runs "$id"; then
    report_failure "$name left processes behind: $(tr '\0' ' ' <"$alive/cmdline" 2>/dev/null || true)"
    kill -KILL -- "-$id" 2>/dev/null || true
  fi
  for each in passed failed skipped errors; do totals+=("$(total "$each" "$report")"); done
  if [ -z "${totals[0]:-}" ]; then
    tail -n 60 "$log" >&2
    report_failure "$name ended with status $status and left no report; its output is in $log"
    return
  fi
  local bad=$((totals[1] + totals[2] + totals[3]))
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$bad" -gt 0 ]; then grep -vE '^ *(Discover|Start|Finish)' "$log" | head -n 400 >&2 || true; fi
  passed=$((passed + totals[0]))
  failed=$((failed + bad))
  printf '%-14s %5d passed %4d failed %5d s\n' "$name" "${totals[0]}" "$bad" $((SECONDS - began))
}

# The native build is one of the two things that run at once, because for a third of its time it uses one processor
# only. The suites that run kist wait for it.
native_build='' native_log=$root/artifacts/logs/native.log has_native=true
end_native_build() {
  if await_group "$native_build"; then
    binary=$root/artifacts/kist
    say "$(tail -n 1 "$native_log")"
  else
    cat "$native_log" >&2
    report_failure "the native binary does not build"
    has_native=false
  fi
  native_build=''
}

# next_suite: takes the first that can run now out of $waiting, into $project; fails if there is none.
next_suite() {
  local i
  for i in "${!waiting[@]}"; do
    project=${waiting[i]}
    if [ -n "$native_build" ] && runs_kist "$project"; then continue; fi
    unset 'waiting[i]'
    if $has_native || ! needs_native "$project"; then return 0; fi
  done
  return 1
}

run_suites() {
  local waiting=("${projects[@]}") suites=() project each rest id
  while true; do
    if [ -n "$native_build" ] && ! kill -0 "$native_build" 2>/dev/null; then end_native_build; fi
    if [ -n "$binary" ]; then export KIST_BINARY=$binary; fi
    rest=()
    for each in "${suites[@]}"; do
      read -r id _ <<<"$each"
      # shellcheck disable=SC2086 # the three words are three arguments
      if kill -0 "$id" 2>/dev/null; then rest+=("$each"); else end_suite $each; fi
    done
    suites=("${rest[@]}")
    if [ $((${#suites[@]} + (${#native_build} > 0))) -lt 2 ] && next_suite; then
      start_suite "$(suite_name "$project")" \
        "$(dirname "$project")/bin/Release/net10.0/$(basename "$project" .csproj)"
    elif [ -n "$native_build" ] || [ ${#suites[@]} -gt 0 ]; then sleep 0.3
    else return 0
    fi
  done
}

need_dotnet
mapfile -t packages < <(
  for project in "${projects[@]}"; do property "$project" DebianPackages | tr ';' '\n'; done | sort -u
)
if [ ${#packages[@]} -gt 0 ]; then need_packages "${packages[@]}"; fi
for project in "${projects[@]}"; do
  folder=$(property "$project" NodePackages)
  if [ -n "$folder" ]; then need_node_packages "$(dirname "$project")/$folder"; fi
done
mkdir -p "$results"
make_scratch
mkdir -p "$scratch/home" "$scratch/tmp"
if ! step "Building the tests" "$root/artifacts/logs/build-tests.log" build_tests; then
  report_failure "the tests do not build"
  finish
fi

# The tests see neither the user's servers and tokens nor leave anything in the user's folders.
binary=${KIST_BINARY:-}
while IFS='=' read -r name _; do
  case $name in KIST_*|VAULT_*|XDG_*) unset "$name" ;; esac
done < <(env)
export TMPDIR=$scratch/tmp

# Whoever runs kist runs the native binary where there is one: it starts in a fiftieth of the time, and it is what users
# have.
if [ "$native" -gt 0 ] && [ -z "$binary" ]; then
  say "Building the native kist beside the suites that do not run it …"
  mkdir -p "$root/artifacts/logs"
  in_group env TMPDIR= "$root/build.sh" >"$native_log" 2>&1
  native_build=$group
fi
run_suites
finish
