# shellcheck shell=bash
# What the two benchmarks share: the programs, a folder of their own, a redis-server with TLS.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/tools/install.sh" build
PATH=$PATH:$root/build/tools/bin
export redurite=$root/build/redurite
work=$(mktemp -d)
servers=()

finish() {
  local server
  for server in ${servers[@]+"${servers[@]}"}; do
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The servers to compare with: redis-server, and valkey-server where it is installed.
peers() {
  local peer found=no
  for peer in redis-server valkey-server; do
    if command -v "$peer" >/dev/null; then
      echo "$peer"
      found=yes
    fi
  done
  if [ "$found" = no ]; then
    echo "bench: no redis-server to compare with; tools/install.sh test installs one" >&2
    return 1
  fi
}

make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

# Options of a plain redis-server with TLS beside it: PLAIN_PORT TLS_PORT
peer_options() {
  echo --port "$1" --tls-port "$2" --bind 127.0.0.1 --save '""' --appendonly no --dir "$work" \
    --tls-cert-file "$work/cert.pem" --tls-key-file "$work/key.pem" --tls-auth-clients no
}

median() {
  sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}
