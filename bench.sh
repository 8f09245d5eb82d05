#!/usr/bin/env bash
# Measures kist beside nginx, a bare Kestrel endpoint and age.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/eng/scripts.sh"

usage() {
  cat <<'TXT'
Usage: ./bench.sh [--only throughput|large|files|nodes|scan|push] [--seconds N] [--rounds N] [--secrets N] [--port N]

Builds kist and a bare Kestrel endpoint, both ahead of time, starts them and nginx on this machine, and prints the
table of budgets as ratios from this one run, each with the command that made it. The store of 10^6 secrets is made
once, in artifacts/bench, and kept.

  --only PART   throughput: reads, writes, memory, commands; files: encrypted files, beside the age program;
                nodes: PostgreSQL beside SQLite, and how soon one node sees what another did;
                scan: kist scan, beside grep (or rg) and git;
                push: how soon an application that uses Kist.Client has a change;
                large: the store of 10^6 secrets
  --seconds N   how long each load runs (default 5)
  --rounds N    how often each figure is measured; the median counts (default 3)
  --secrets N   how many secrets and leases the large store has (default 1000000)
  --port N      first of four ports on 127.0.0.1 (default 8290)
TXT
}

case ${1:-} in -h|--help) usage; exit 0 ;; esac
need_packages wrk nginx-light python3 age git postgresql
"$root/build.sh"
need_dotnet
publish() {
  compile publish "$root/bench/$1/Kist.Bench.$1.csproj" -c Release --use-current-runtime \
    -o "$root/artifacts/bench/$1" -v quiet -nodeReuse:false
}
bare=$root/artifacts/bench/Bare/bare
if [ ! -x "$bare" ] || [ "$root/bench/Bare/Program.cs" -nt "$bare" ]; then
  step "Building the bare Kestrel endpoint" "$root/artifacts/logs/bench-bare.log" publish Bare
fi
step "Building the seeder" "$root/artifacts/logs/bench-seed.log" publish Seed
step "Building an application that uses Kist.Client" "$root/artifacts/logs/bench-push.log" publish Push
python3 "$root/bench/load.py" --kist "$root/artifacts/kist" --bare "$bare" \
  --seed "$root/artifacts/bench/Seed/Kist.Bench.Seed" \
  --push "$root/artifacts/bench/Push/Kist.Bench.Push" --large "$root/artifacts/bench/large" "$@"
