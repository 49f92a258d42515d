#!/usr/bin/env bash
# Installs what is missing and nothing else: tools/install.sh build | test | clients ...
#
# A need is a row below: how to see that it is there, and its package for each package manager.
# When every need of the groups asked for is there, no package manager and no network is used.
# Knows apt (Debian, Ubuntu), dnf (Fedora), apk (Alpine) and brew (macOS).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/build/tools

fail() {
  printf 'install: %s\n' "$1" >&2
  exit 1
}

say() {
  printf 'install: %s\n' "$1"
}

manager=none
for candidate in apt-get dnf apk brew; do
  if command -v "$candidate" >/dev/null; then
    manager=$candidate
    break
  fi
done

# Debian and Fedora package every Python module the tests use, for the system's own interpreter.
# Elsewhere the modules come from PyPI into a virtual environment.
case $manager in
  apt-get | dnf) python=/usr/bin/python3 ;;
  *) python=$tools/python/bin/python ;;
esac

has_command() { command -v "$1" >/dev/null; }
has_library() { pkg-config --exists "$1" 2>/dev/null; }
has_lua() { has_library lua5.1 || has_library lua-5.1 || has_library lua51; }
has_compiler() { command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null; }
has_libc_headers() { [ "$manager" = brew ] || [ -e /usr/include/stdio.h ]; }
has_http_parser() {
  local directory
  for directory in /usr/include /usr/local/include /opt/homebrew/include; do
    if [ -e "$directory/llhttp.h" ] || [ -e "$directory/http_parser.h" ]; then
      return 0
    fi
  done
  return 1
}
has_module() { [ -x "$python" ] && "$python" -c "import $1" 2>/dev/null; }
# Debian's redis-server package would start a service on the port that the emulator uses. The
# program itself is in redis-tools, under the name of its other use.
has_redis_server() { command -v redis-server >/dev/null || [ -x "$tools/bin/redis-server" ]; }
# Formatting differs between versions of clang-format; the tree is formatted by version 14.
has_clang_format() {
  local program
  for program in clang-format-14 clang-format "$tools/python/bin/clang-format"; do
    if command -v "$program" >/dev/null && "$program" --version | grep -q 'version 14\.'; then
      return 0
    fi
  done
  return 1
}

# group | test and its argument | apt | dnf | apk | brew        ("-" = not packaged there)
needs() {
  cat <<'ROWS'
build | has_compiler | gcc | gcc | gcc | gcc
build | has_libc_headers | libc6-dev | glibc-devel | musl-dev | -
build | has_command meson | meson | meson | meson | meson
build | has_command ninja | ninja-build | ninja-build | samurai | ninja
build | has_command pkg-config | pkg-config | pkgconf-pkg-config | pkgconf | pkgconf
build | has_library libuv | libuv1-dev | libuv-devel | libuv-dev | libuv
build | has_library openssl | libssl-dev | openssl-devel | openssl-dev | openssl@3
build | has_lua | liblua5.1-0-dev | compat-lua-devel | lua5.1-dev | lua@5.1
build | has_library libcjson | libcjson-dev | cjson-devel | cjson-dev | cjson
build | has_http_parser | libhttp-parser-dev | llhttp-devel | llhttp-dev | llhttp
test | has_command python3 | python3 | python3 | python3 | python
test | has_module pytest | python3-pytest | python3-pytest | pypi:pytest | pypi:pytest
test | has_module xdist | python3-pytest-xdist | python3-pytest-xdist | pypi:pytest-xdist | pypi:pytest-xdist
test | has_module pytest_timeout | python3-pytest-timeout | python3-pytest-timeout | pypi:pytest-timeout | pypi:pytest-timeout
test | has_module celery | python3-celery | python3-celery | pypi:celery | pypi:celery
test | has_module yaml | python3-yaml | python3-pyyaml | pypi:pyyaml | pypi:pyyaml
test | has_module pyflakes | python3-pyflakes | python3-pyflakes | pypi:pyflakes | pypi:pyflakes
test | has_module redis | python3-redis | python3-redis | pypi:redis | pypi:redis
test | has_command openssl | openssl | openssl | openssl | openssl@3
test | has_command curl | curl | curl | curl | curl
test | has_command redis-cli | redis-tools | redis | redis | redis
test | has_command redis-benchmark | redis-tools | redis | redis | redis
test | has_command az | azure-cli | azure-cli | pypi:azure-cli | azure-cli
test | has_module azure.mgmt.redis | python3-azure | python3-azure-mgmt-redis | pypi:azure-mgmt-redis | pypi:azure-mgmt-redis
test | has_module azure.identity | python3-azure | python3-azure-identity | pypi:azure-identity | pypi:azure-identity
test | has_command node | nodejs | nodejs | nodejs | node
test | has_command npm | npm | nodejs-npm | npm | node
test | has_clang_format | clang-format-14 | pypi:clang-format==14.0.6 | pypi:clang-format==14.0.6 | pypi:clang-format==14.0.6
test | has_command shellcheck | shellcheck | ShellCheck | shellcheck | shellcheck
clients | has_module ensurepip | python3-venv | python3 | python3 | python
clients | has_command javac | default-jdk-headless | java-latest-openjdk-devel | openjdk17-jdk | openjdk
clients | has_command mvn | maven | maven | maven | maven
clients | has_command go | golang-go | golang | go | go
ROWS
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root or sudo to run: $*"
  fi
}

install_packages() {
  say "installing with $manager: $*"
  case $manager in
    apt-get)
      as_root apt-get update -qq
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
      ;;
    dnf) as_root dnf install -q -y "$@" ;;
    apk) as_root apk add -q "$@" ;;
    brew) brew install -q "$@" ;;
  esac >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "$manager could not install: $*"
  }
}

install_modules() {
  [ -x "$tools/python/bin/python" ] || python3 -m venv "$tools/python"
  say "installing from PyPI into build/tools/python: $*"
  "$tools/python/bin/python" -m pip install -q --disable-pip-version-check "$@"
}

install_group() {
  local group probe packages=() modules=() package apt dnf apk brew
  while IFS='|' read -r group probe apt dnf apk brew; do
    read -r group <<<"$group"
    if [ "$group" != "$1" ] || eval "$probe"; then
      continue
    fi
    case $manager in
      apt-get) read -r package <<<"$apt" ;;
      dnf) read -r package <<<"$dnf" ;;
      apk) read -r package <<<"$apk" ;;
      brew) read -r package <<<"$brew" ;;
      none) fail "'${probe# }' is not met, and there is no apt-get, dnf, apk or brew to install it; Debian calls it$apt" ;;
    esac
    case $package in
      -) fail "'${probe# }' is not met, and $manager has no package for it" ;;
      pypi:*) modules+=("${package#pypi:}") ;;
      *) [[ " ${packages[*]-} " == *" $package "* ]] || packages+=("$package") ;;
    esac
  done < <(needs)
  if [ ${#packages[@]} -gt 0 ]; then
    install_packages "${packages[@]}"
  fi
  if [ ${#modules[@]} -gt 0 ]; then
    install_modules "${modules[@]}"
  fi
}

# build/tools/bin: names under which the other scripts find what has none of its own.
link_tools() {
  mkdir -p "$tools/bin"
  has_redis_server || ln -sf "$(command -v redis-check-rdb)" "$tools/bin/redis-server"
  printf '#!/bin/sh\nexec %s "$@"\n' "$python" >"$tools/bin/python"
  chmod +x "$tools/bin/python"
}

# $1: a folder with package.json and package-lock.json; its modules go to build/tools/NAME.
install_node_modules() {
  local source=$1 target=$tools/$2
  if [ -d "$target/node_modules" ] && cmp -s "$source/package-lock.json" "$target/package-lock.json"; then
    return
  fi
  say "installing from npm into build/tools/$2"
  rm -rf "$target" "$target.new"
  mkdir -p "$target.new"
  cp "$source/package.json" "$source/package-lock.json" "$target.new/"
  (cd "$target.new" && npm ci --no-audit --no-fund) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "npm could not install what $source/package.json names"
  }
  mv "$target.new" "$target"
}

# $1: a requirements file; its packages go to a virtual environment build/tools/NAME.
install_python_environment() {
  local requirements=$1 target=$tools/$2
  if cmp -s "$requirements" "$target/requirements.txt"; then
    return
  fi
  say "installing from PyPI into build/tools/$2"
  rm -rf "$target"
  "$python" -m venv "$target"
  { "$target/bin/python" -m pip install -q --disable-pip-version-check uv &&
    "$target/bin/uv" pip install -q --python "$target/bin/python" -r "$requirements"; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "pip could not install what $requirements names"
  }
  cp "$requirements" "$target/requirements.txt"
}

# Caches run Redis 6.0, which no release of Debian has any more; its archive keeps the source.
redis_six=redis_6.0.16.orig.tar.gz
redis_six_sha256=8bea58a468bb67bedc92d8c2e44c170e42e6ea02527cbc5d233e92e8d78d1b99
redis_six_mirrors='http://deb.debian.org/debian http://archive.debian.org/debian'

# build/tools/redis-six/redis-server, built once.
build_redis_six() {
  local target=$tools/redis-six source=$tools/redis-six.new mirror
  [ ! -x "$target/redis-server" ] || return 0
  say "building redis-server 6.0 into build/tools/redis-six"
  rm -rf "$source"
  mkdir -p "$source"
  for mirror in $redis_six_mirrors; do
    if curl -fsSL --retry 3 -o "$source/$redis_six" "$mirror/pool/main/r/redis/$redis_six"; then
      break
    fi
  done
  [ -s "$source/$redis_six" ] || fail "cannot fetch $redis_six from any of: $redis_six_mirrors"
  [ "$(openssl dgst -sha256 -r "$source/$redis_six" | cut -d' ' -f1)" = "$redis_six_sha256" ] ||
    fail "$redis_six is not the one that was expected: its SHA-256 differs"
  tar -xzf "$source/$redis_six" -C "$source" --strip-components=1
  make -s -j2 -C "$source/src" MALLOC=libc OPTIMIZATION=-O1 redis-server >"$source/make.log" 2>&1 || {
    tail -n 20 "$source/make.log" >&2
    fail "redis-server 6.0 could not be built"
  }
  mkdir -p "$target"
  mv "$source/src/redis-server" "$target/redis-server"
  rm -rf "$source"
}

# The modules of the Go SDK, and what is compiled of them, go to Go's own caches.
fetch_go_modules() {
  (cd "$root/tests/clients/go" && go build -mod=readonly -buildvcs=false -o /dev/null .) >"$tools/go.log" 2>&1 || {
    tail -n 20 "$tools/go.log" >&2
    fail "go could not build tests/clients/go"
  }
}

mkdir -p "$tools"
log=$tools/install.log
for group in "$@"; do
  case $group in
    build) install_group build ;;
    test)
      install_group test
      link_tools
      install_node_modules "$root/tests/system/js" node
      ;;
    clients)
      install_group clients
      # Compiles while the others wait for the network.
      build_redis_six &
      six=$!
      install_python_environment "$root/tests/clients/requirements.txt" newest-python
      install_node_modules "$root/tests/clients/js" newest-node
      install_node_modules "$root/clients/javascript" helpers-node
      fetch_go_modules
      wait "$six" || fail "redis-server 6.0 is missing"
      ;;
    *) fail "unknown group '$group': build, test or clients" ;;
  esac
done
