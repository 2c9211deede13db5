#!/bin/bash
# A Chromium for the browser tests: the one that is there, or Debian's.
#
#   .ci/browser.sh      exit 0: its path is the last line; 1: none can be had, and that line says why
set -euo pipefail

fail() { echo "browser: none can be had: $1"; exit 1; }
found() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

if found; then exit 0; fi
[ "$(id -u)" = 0 ] || fail "no Chromium is installed, and installing one needs root"
command -v apt-get >/dev/null || fail "no Chromium is installed, and there is no apt-get"
{ apt-get update -q && DEBIAN_FRONTEND=noninteractive \
  apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 \
  || fail "installing chromium with apt-get did not work"
found || fail "apt-get installed no chromium"
