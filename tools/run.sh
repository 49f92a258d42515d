#!/usr/bin/env bash
# Installs what building needs, builds, and starts the emulator in the foreground.
# Options are those of `redurite start`: tools/run.sh --https-port 9443
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$root/tools/install.sh" build
"$root/tools/build.sh" build redurite
exec "$root/build/redurite" start "$@"
