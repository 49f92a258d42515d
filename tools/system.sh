#!/usr/bin/env bash
# Runs pytest against the binary of a finished build: tools/system.sh FOLDER TESTS ...
#
# The report in JUnit's form goes to build/reports; failed tests are counted there, so the exit
# status only tells whether the tests ran.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$1
shift
report=$root/build/reports/$(basename "$1")-$folder.xml
mkdir -p "$root/build/reports"

status=0
REDURITE=$root/$folder/redurite "$root/build/tools/bin/python" -m pytest -c "$root/tests/pytest.ini" \
  --rootdir "$root/tests" -n "$(getconf _NPROCESSORS_ONLN)" --junitxml "$report" "$@" || status=$?
# 1 is "some failed", which the report says too; the others mean that not all was run.
[ "$status" -le 1 ] || exit "$status"
