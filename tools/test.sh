#!/usr/bin/env bash
# Installs the test tools, builds, and runs every test: tools/test.sh [--clients]
#
# --clients adds the newest clients, from PyPI and npm (tests/clients/), to the packaged ones, and a
# real redis-server 6.0, which is what an Azure cache must answer like.
# The last line is `N passed, N failed`; the exit status is 0 only if all passed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

clients=no
for argument in "$@"; do
  case $argument in
    --clients) clients=yes ;;
    *)
      echo "usage: tools/test.sh [--clients]" >&2
      exit 2
      ;;
  esac
done

"$root/tools/install.sh" build test
if [ "$clients" = yes ]; then
  "$root/tools/install.sh" clients
fi
"$root/tools/build.sh" build

reports=$root/build/reports
rm -rf "$reports"
mkdir -p "$reports"
"$root/tools/suites.sh" build
tests=("$root/tests/system")
if [ "$clients" = yes ]; then
  tests+=("$root/tests/clients")
fi
"$root/tools/system.sh" build "${tests[@]}"
exec "$root/tools/summary.py" "$reports"
