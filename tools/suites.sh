#!/usr/bin/env bash
# Runs the suites of a finished build: tools/suites.sh FOLDER [PYTEST FOLDER ...]
#
# First meson's (unit, transcripts, headers, corpus, style, and reference against a real
# redis-server that is started here), then pytest's. Reports in JUnit's form go to build/reports;
# a failed test is counted there, so the exit status only tells whether the suites ran.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$1
shift
reports=$root/build/reports
mkdir -p "$reports"
PATH=$PATH:$root/build/tools/bin
case "$(command -v apt-get || command -v dnf || true)" in
  "") python=$root/build/tools/python/bin/python PATH=$root/build/tools/python/bin:$PATH ;;
  *) python=/usr/bin/python3 ;;
esac

run_directory=$(mktemp -d)
reference_pid=
stop() {
  [ -z "$reference_pid" ] || kill "$reference_pid" 2>/dev/null || true
  rm -rf "$run_directory"
}
trap stop EXIT

# A real redis-server on a free port: another process may take the port first, so try again.
start_reference() {
  local port attempt
  for attempt in 1 2 3 4 5; do
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
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
meson test -C "$root/$folder" --print-errorlogs || true
cp "$root/$folder/meson-logs/testlog.junit.xml" "$reports/meson-$folder.xml"

if [ $# -gt 0 ]; then
  status=0
  REDURITE=$root/$folder/redurite "$python" -m pytest -c "$root/tests/pytest.ini" --rootdir "$root/tests" \
    -n "$(getconf _NPROCESSORS_ONLN)" --junitxml "$reports/system-$folder.xml" "$@" || status=$?
  # 1 is "some failed", which the report says too.
  [ "$status" -le 1 ] || exit "$status"
fi
