#!/bin/bash
# A kubectl for the tests of deploy/kubernetes: the one that is there, or Debian's.
#
#   .ci/kubectl.sh      exit 0: its path is the last line; 1: none can be had, and that line says why
set -euo pipefail

fail() { echo "kubectl: none can be had: $1"; exit 1; }

if command -v kubectl; then exit 0; fi
[ "$(id -u)" = 0 ] || fail "none is installed, and installing one needs root"
command -v apt-get >/dev/null || fail "none is installed, and there is no apt-get"
{ apt-get update -q && DEBIAN_FRONTEND=noninteractive \
  apt-get install -qy --no-install-recommends kubernetes-client; } >/dev/null 2>&1 \
  || fail "installing kubernetes-client with apt-get did not work"
command -v kubectl || fail "apt-get installed no kubectl"
