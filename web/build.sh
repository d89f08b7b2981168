#!/bin/sh
# Build the islands into assets/build (committed, so that running the service never needs node).
# Needs node 20 or newer; takes the locked tools with `npm ci`. Ends with the list of hashes that a test compares.
set -eu
cd "$(dirname "$0")"
[ -x node_modules/.bin/esbuild ] || npm ci --no-audit --no-fund
node_modules/.bin/tsc --noEmit -p tsconfig.json
rm -rf assets/build
node_modules/.bin/esbuild islands/app.ts islands/upload.ts islands/watch.ts islands/viewer.ts islands/operations.ts islands/signing.ts \
  islands/check.ts islands/search.ts \
  --bundle --minify --format=iife --target=es2022 --charset=utf8 --legal-comments=none --outdir=assets/build
(cd assets/build && sha256sum ./*.js | sed 's#\./##' > manifest.sha256)
