#!/usr/bin/env bash
# Builds kist and starts the server.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/eng/scripts.sh"

data=${KIST_HOME:-$root/data}
address=127.0.0.1:8200

usage() {
  cat <<TXT
Usage: ./start.sh [--address HOST:PORT] [--data DIRECTORY]

Installs what is missing, builds kist and starts its server in this terminal; Ctrl-C stops it.
The first start writes a configuration, initialises and unseals the store, mounts dev, staging, prod and secret,
opens an audit log, and saves the root token where kist's commands find it. Later starts come up unsealed with all
data still there.

  --address HOST:PORT   where to listen (default $address)
  --data DIRECTORY      where the data lies (default \$KIST_HOME, else the folder data beside this script)
  --help                this text

The key file and the root token lie outside the data directory, in \${XDG_CONFIG_HOME:-~/.config}/kist, readable by
you alone. Whoever has both the data and the key file can read every secret: back them up in different places.
TXT
}

value() { if [ $# -lt 2 ] || [ -z "$2" ]; then die "$1 needs a value"; fi; printf '%s' "$2"; }
while [ $# -gt 0 ]; do
  case $1 in
    --address) address=$(value "$@"); shift 2 ;;
    --address=*) address=${1#*=}; shift ;;
    --data) data=$(value "$@"); shift 2 ;;
    --data=*) data=${1#*=}; shift ;;
    -h|--help) usage; exit 0 ;;
    *) die "there is no option $1; see ./start.sh --help" ;;
  esac
done

"$root/build.sh"
trap - EXIT INT TERM HUP
exec "$root/artifacts/kist" server --start "$data" --address "$address"
