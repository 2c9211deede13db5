#!/bin/bash
# The Dockerfile's base image, or a stand-in for it where no registry can be reached.
#
#   .ci/base_image.sh [TAG]      exit 0: the image is there
#
# The stand-in is a minimal Debian with its own Python 3.11 and tini, made by mmdebstrap from
# the mirror in this machine's apt sources and kept as a tar between runs. It carries the
# label `stand-in`, by which the tests know that the build must do without a network.
# It is for tests on this machine: never publish an image built on it.
set -euo pipefail

tag=${1:-python:3.11-slim-bookworm}
suite=bookworm
packages=ca-certificates,python3,python3-venv,python-is-python3,tini,tzdata
cache=${XDG_CACHE_HOME:-$HOME/.cache}/afterclose
tar=$cache/base-$suite-$(echo "$packages" | cat - "$0" | sha256sum | cut -c1-12).tar

fail() { echo "base image: $tag cannot be had: $1"; exit 1; }

if docker image inspect "$tag" >/dev/null 2>&1; then echo "base image: $tag is there"; exit 0; fi
if timeout 120 docker pull --quiet "$tag" >/dev/null 2>&1; then
  echo "base image: $tag pulled"; exit 0
fi

if [ ! -s "$tar" ]; then
  if ! command -v mmdebstrap >/dev/null; then
    [ "$(id -u)" = 0 ] || fail "it was not pulled, and installing mmdebstrap needs root"
    { apt-get update -q && apt-get install -qy --no-install-recommends mmdebstrap; } \
      >/dev/null 2>&1 || fail "it was not pulled, and mmdebstrap could not be installed"
  fi
  mirror=$(grep -rhE '^(URIs:|deb )' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
    grep -oE '[a-z]+://[^ ]*/debian/?( |$)' | head -1 | sed 's:/* *$::') || true
  [ -n "$mirror" ] || fail "it was not pulled, and the apt sources name no Debian mirror"
  mkdir -p "$cache"
  mmdebstrap --quiet --variant=minbase --include="$packages" \
    --customize-hook='rm -rf "$1"/usr/share/man/* "$1"/usr/share/info/* "$1"/usr/share/locale/*' \
    --customize-hook='find "$1"/usr/share/doc -type f ! -name copyright -delete' \
    --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname' \
    "$suite" "$tar.part.tar" \
    "deb $mirror $suite main" "deb $mirror $suite-updates main" \
    "deb $mirror-security $suite-security main"
  mv "$tar.part.tar" "$tar"
fi
docker import --change 'LABEL stand-in=true' \
  --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin LANG=C.UTF-8' \
  --change 'CMD ["python3"]' "$tar" "$tag" >/dev/null
echo "base image: stand-in made for $tag"
