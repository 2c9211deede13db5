#!/bin/bash
# A Docker engine for the container tests: the one that answers, or Debian's own.
#
#   .ci/engine.sh      exit 0: an engine answers; 1: none can be had, and the last line says why
#
# Started without bridge and iptables, so it also runs inside plain virtual machines and
# containers; the tests need no container network.
set -euo pipefail

fail() { echo "engine: none can be had: $1"; exit 1; }
answers() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

if answers; then echo "engine: running"; exit 0; fi
[ "$(id -u)" = 0 ] || fail "no engine answers, and starting one needs root"

if ! command -v dockerd >/dev/null; then
  command -v apt-get >/dev/null || fail "dockerd is absent, and so is apt-get to install it"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive \
    apt-get install -qy --no-install-recommends docker.io docker-compose; } >/dev/null 2>&1 \
    || fail "installing docker.io with apt-get did not work"
fi

log=$(mktemp -t dockerd.XXXXXX.log)
setsid dockerd --iptables=false --ip6tables=false --bridge=none >"$log" 2>&1 </dev/null &
for _ in $(seq 120); do
  if answers; then echo "engine: started"; exit 0; fi
  sleep 0.5
done
tail -5 "$log"
fail "dockerd did not answer within a minute; its log is $log"
