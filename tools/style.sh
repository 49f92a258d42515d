#!/usr/bin/env bash
# Checks the style of one language: tools/style.sh c | shell | python | text
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Files that git tracks or that are new; in a tree without git, all files outside build folders.
list() {
  if [ -e .git ] && command -v git >/dev/null; then
    git ls-files --cached --others --exclude-standard -- "$@"
  else
    local pattern
    for pattern in "$@"; do
      find . -path './build*' -prune -o -path '*/node_modules' -prune -o -type f -name "${pattern##*/}" -print
    done
  fi | sort -u | while read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

check_c() {
  local program
  for program in clang-format-14 clang-format build/tools/python/bin/clang-format; do
    if command -v "$program" >/dev/null && "$program" --version | grep -q 'version 14\.'; then
      list '*.c' '*.h' | xargs -r "$program" --dry-run -Werror
      return
    fi
  done
  echo "style: clang-format 14 is not installed; tools/install.sh test installs it" >&2
  return 1
}

check_shell() {
  list '*.sh' '.ci/run' | xargs -r shellcheck
}

check_python() {
  list '*.py' | xargs -r build/tools/bin/python -m pyflakes
}

# What .editorconfig asks of every text: no trailing blanks, no tab for indent, a final newline.
check_text() {
  local file bad=0
  while read -r file; do
    if grep -nHE '[[:blank:]]+$' "$file"; then
      bad=1
    fi
    if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
      echo "$file: no newline at the end"
      bad=1
    fi
  done < <(list '*.c' '*.h' '*.py' '*.sh' '*.md' '*.build' '*.json' '*.js' '*.cjs' '*.ini' '.ci/run')
  return $bad
}

case ${1-} in
  c | shell | python | text) "check_$1" ;;
  *)
    echo "usage: tools/style.sh c | shell | python | text" >&2
    exit 2
    ;;
esac
