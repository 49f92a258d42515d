#!/usr/bin/env bash
# Runs meson's suites of a finished build: tools/suites.sh FOLDER
#
# unit, transcripts, headers, corpus, style, and reference: the transcripts against a real
# redis-server, which is started here. The report in JUnit's form goes to build/reports; failed
# tests are counted there, so the exit status only tells whether the suites ran.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$1
PATH=$PATH:$root/build/tools/bin

run_directory=$(mktemp -d)
reference_pid=
stop() {
  [ -z "$reference_pid" ] || kill "$reference_pid" 2>/dev/null || true
  rm -rf "$run_directory"
}
trap stop EXIT

# On a free port; another process may take it first, so try again.
start_reference() {
  local port attempt
  for attempt in 1 2 3 4 5; do
    port=$("$root/build/tools/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --enable-debug-command yes \
      --dir "$run_directory" >"$run_directory/redis-server.log" 2>&1 &
    reference_pid=$!
    while kill -0 "$reference_pid" 2>/dev/null; do
      if redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; then
        export REFERENCE_REDIS=127.0.0.1:$port
        return
      fi
    done
  done
  echo "suites: no redis-server would start after $attempt attempts" >&2
  cat "$run_directory/redis-server.log" >&2
  exit 1
}

start_reference
report=$root/$folder/meson-logs/testlog.junit.xml
rm -f "$report"
meson test -C "$root/$folder" --print-errorlogs || true
mkdir -p "$root/build/reports"
cp "$report" "$root/build/reports/meson-$folder.xml"
