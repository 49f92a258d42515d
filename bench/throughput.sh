#!/usr/bin/env bash
# Commands per second, plain and over TLS, at pipelines of 1, 16 and 64, beside redis-server:
# bench/throughput.sh [ROUNDS [COMMAND...]]. A cell is our throughput divided by theirs, and in brackets our CPU time of a
# command and our 99th percentile of latency divided by theirs; medians of alternating rounds. Server and load
# generator get a core each where there are two.
set -euo pipefail
rounds=${1:-5}
commands=${*:2}
commands=${commands:-SET GET INCR LPUSH RPOP HSET HGET SADD ZADD MSET MGET}
# shellcheck source=bench/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
"$root/tools/build.sh" build redurite bench-load
load=$root/build/bench/bench-load
make_certificate

on_core() {
  local core=$1
  shift
  if command -v taskset >/dev/null && [ "$(getconf _NPROCESSORS_ONLN)" -gt 1 ]; then
    exec taskset -c "$core" "$@"
  fi
  exec "$@"
}

names=() pids=() plain=() tls=()
start() {
  local name=$1 port=$2 tls_port=$3
  shift 3
  (on_core 0 "$@") >"$work/$name.log" 2>&1 &
  names+=("$name") pids+=($!) plain+=("$port") tls+=("$tls_port")
  servers+=($!)
  until (exec 3<>"/dev/tcp/127.0.0.1/$tls_port") 2>/dev/null && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "${pids[-1]}" 2>/dev/null || {
      cat "$work/$name.log" >&2
      exit 1
    }
  done
}

port=$(free_port) tls_port=$(free_port)
start redurite "$port" "$tls_port" "$redurite" start --profile redis --ephemeral --redis-port "$port" \
  --redis-tls-port "$tls_port" --https-port 0 --data-dir "$work/data"
for peer in $(peers); do
  port=$(free_port) tls_port=$(free_port)
  # shellcheck disable=SC2046
  start "$peer" "$port" "$tls_port" "$peer" $(peer_options "$port" "$tls_port")
done

# SERVER WIRE PIPELINE COMMAND: a round's figures go to its samples.
load_once() {
  local at=$1 wire=$2 pipeline=$3 command=$4
  local port=${plain[$at]} requests=$((pipeline == 1 ? 100000 : 600000))
  if [ "$wire" = tls ]; then
    port=${tls[$at]} requests=$((requests / 2))
  fi
  if [ "$command" = INCR ]; then printf 'FLUSHALL\r\n' >"/dev/tcp/127.0.0.1/${plain[$at]}"; fi
  (on_core 1 "$load" --port "$port" --tls "$([ "$wire" = tls ] && echo yes || echo no)" --pipeline "$pipeline" \
    --requests "$requests" --command "$command" --server "${pids[$at]}") >>"$work/samples.$at"
}

# SERVER FIELD: the median of its samples.
sample() {
  cut -d' ' -f"$2" "$work/samples.$1" | median
}

echo '| wire | command | beside | P 1 | P 16 | P 64 |'
echo '|---|---|---|---|---|---|'
for wire in plain tls; do
  for command in $commands; do
    rows=()
    for pipeline in 1 16 64; do
      rm -f "$work"/samples.*
      for ((round = 0; round < rounds; round++)); do
        for at in "${!names[@]}"; do
          load_once "$at" "$wire" "$pipeline" "$command"
        done
      done
      for ((at = 1; at < ${#names[@]}; at++)); do
        rows[at]+=$(awk -v a="$(sample 0 1) $(sample 0 2) $(sample 0 3)" -v b="$(sample $at 1) $(sample $at 2) $(sample $at 3)" \
          'BEGIN { split(a, ours); split(b, theirs)
            printf " %.2f (%.2f, %.2f) |", ours[1] / theirs[1], ours[2] / theirs[2], ours[3] / theirs[3] }')
      done
    done
    for ((at = 1; at < ${#names[@]}; at++)); do
      echo "| $wire | $command | ${names[$at]} |${rows[at]}"
    done
  done
done
