#!/usr/bin/env bash
# Builds into FOLDER, quietly unless something fails: tools/build.sh FOLDER [TARGET] [-- MESON OPTIONS]
# The options count when FOLDER is new; a later call only brings it up to date.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/$1
shift
targets=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  targets+=("$1")
  shift
done
[ $# -eq 0 ] || shift

mkdir -p "$folder"
log=$folder/build.log
{
  # A folder whose set-up was interrupted has no build.ninja, and meson would call it finished.
  if [ ! -f "$folder/build.ninja" ]; then
    rm -rf "$folder/meson-private" "$folder/meson-info"
    meson setup "$folder" "$root" "$@"
  fi
  meson compile -C "$folder" ${targets[@]+"${targets[@]}"}
} >"$log" 2>&1 || {
  tail -n 60 "$log" >&2
  printf 'build: failed; the whole output is in %s\n' "$log" >&2
  exit 1
}
