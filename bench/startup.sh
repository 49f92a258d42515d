#!/usr/bin/env bash
# From exec to the first answered PING over TLS, and resident memory then, beside redis-server:
# bench/startup.sh [ROUNDS]. Medians; the ratio is ours divided by theirs.
set -euo pipefail
rounds=${1:-21}
# shellcheck source=bench/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
"$root/tools/build.sh" build redurite bench-first_answer
probe=$root/build/bench/bench-first_answer
make_certificate

# NAME PORT KEY COMMAND ...: prints "NAME microseconds KiB".
measure() {
  local name=$1 round
  shift
  for ((round = 0; round < rounds; round++)); do
    "$probe" "$@"
  done >"$work/samples"
  printf '%s %s %s\n' "$name" "$(cut -d' ' -f1 "$work/samples" | median)" "$(cut -d' ' -f2 "$work/samples" | median)"
}

port=$(free_port)
key=$("$redurite" start --redis-port 0 --redis-tls-port 0 --https-port 0 --data-dir "$work/data" \
  --ready-file "$work/ready.json" >/dev/null 2>&1 &
  server=$!
  until [ -s "$work/ready.json" ]; do kill -0 "$server" || exit 1; done
  kill "$server"
  wait "$server"
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["devcache"]["primaryKey"])' "$work/ready.json")

{
  measure redurite "$port" "$key" "$redurite" start --redis-port 0 --redis-tls-port "$port" --https-port 0 \
    --data-dir "$work/data"
  for peer in $(peers); do
    # shellcheck disable=SC2046
    measure "$peer" "$port" - "$peer" $(peer_options "$(free_port)" "$port")
  done
} >"$work/results"

awk 'NR == 1 { time = $2; memory = $3 }
  { printf "%-16s first answer %7.1f ms   memory %6.1f MiB", $1, $2 / 1000, $3 / 1024 }
  NR > 1 { printf "   ratio %.2f and %.2f", time / $2, memory / $3 }
  { print "" }' "$work/results"
