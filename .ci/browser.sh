#!/bin/bash
# A Chromium for the browser tests: the one that is there, or Debian's; Firefox where it installs.
#
#   .ci/browser.sh      exit 0: its path is the last line; 1: none can be had, and that line says why
set -euo pipefail

fail() { echo "browser: none can be had: $1"; exit 1; }
found() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

firefox() { command -v firefox-esr >/dev/null || { [ "$(id -u)" = 0 ] && \
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends firefox-esr; } \
  >/dev/null 2>&1 || echo "browser: no Firefox; the tests in it are skipped"; }

if found >/dev/null; then firefox; found; exit 0; fi
[ "$(id -u)" = 0 ] || fail "no Chromium is installed, and installing one needs root"
command -v apt-get >/dev/null || fail "no Chromium is installed, and there is no apt-get"
{ apt-get update -q && DEBIAN_FRONTEND=noninteractive \
  apt-get install -qy --no-install-recommends chromium fonts-dejavu-core poppler-utils; } >/dev/null 2>&1 \
  || fail "installing chromium with apt-get did not work"
found >/dev/null || fail "apt-get installed no chromium"
firefox
found
