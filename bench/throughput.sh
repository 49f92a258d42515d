#!/usr/bin/env bash
# Commands per second and CPU per command, plain and over TLS, at pipelines of 1, 16 and 64, beside
# redis-server: bench/throughput.sh [ROUNDS [COMMAND...]]. Medians of alternating rounds; a ratio above 1 means
# that we are faster, or spend less. Server and load generator get a core each where there are two.
set -euo pipefail
rounds=${1:-5}
commands=${*:2}
commands=${commands:-SET GET INCR LPUSH RPOP HSET HGET SADD ZADD MSET}
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

printf '%-6s %-5s %8s  %-14s %14s %12s %8s %8s\n' wire cmd pipeline server commands/s ns/command speed cpu
for wire in plain tls; do
  for pipeline in 1 16 64; do
    for command in $commands; do
      requests=$((pipeline == 1 ? 100000 : 600000))
      [ "$wire" = plain ] || requests=$((requests / 2))
      rm -f "$work"/samples.*
      for ((round = 0; round < rounds; round++)); do
        for at in "${!names[@]}"; do
          if [ "$wire" = tls ]; then port=${tls[$at]}; else port=${plain[$at]}; fi
          if [ "$command" = INCR ]; then printf 'FLUSHALL\r\n' >"/dev/tcp/127.0.0.1/${plain[$at]}"; fi
          (on_core 1 "$load" --port "$port" --tls "$([ "$wire" = tls ] && echo yes || echo no)" --pipeline "$pipeline" \
            --requests "$requests" --command "$command" --server "${pids[$at]}") >>"$work/samples.$at"
        done
      done
      for at in "${!names[@]}"; do
        speed=$(cut -d' ' -f1 "$work/samples.$at" | median)
        cpu=$(cut -d' ' -f2 "$work/samples.$at" | median)
        if [ "$at" = 0 ]; then
          ours=$speed ours_cpu=$cpu
          printf '%-6s %-5s %8s  %-14s %14s %12s\n' "$wire" "$command" "$pipeline" "${names[$at]}" "$speed" "$cpu"
        else
          printf '%-6s %-5s %8s  %-14s %14s %12s %8s %8s\n' "" "" "" "${names[$at]}" "$speed" "$cpu" \
            "$(awk -v a="$ours" -v b="$speed" 'BEGIN { printf "%.2f", a / b }')" \
            "$(awk -v a="$cpu" -v b="$ours_cpu" 'BEGIN { printf "%.2f", a / b }')"
        fi
      done
    done
  done
done
