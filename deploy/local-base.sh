#!/usr/bin/env bash
# Makes base images for the Dockerfile from Debian's packages alone, where no image registry can be reached:
#   localhost/amsterdam-base:build   Debian with Node and npm
#   localhost/amsterdam-base:run     Debian's C library and empty folders, no shell and no other program
# Needs root, debootstrap and buildah.
#
#   local-base.sh [suite] [mirror]
set -euo pipefail

# Needs no more of the kernel than copying files and changing the root.
buildah() { command buildah --storage-driver vfs "$@"; }
export BUILDAH_ISOLATION=chroot

suite=${1:-trixie}
mirror=${2:-http://deb.debian.org/debian}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/debian" "$mirror"
debian=$(buildah from scratch)
buildah add --quiet "$debian" "$work/debian" /
buildah run "$debian" -- sh -c '
  apt-get update
  apt-get install -y --no-install-recommends nodejs npm
  mkdir /packages /libc
  cd /packages
  apt-get download base-files libc6
  for package in *.deb; do dpkg-deb --extract "$package" /libc; done'

run=$(buildah from scratch)
buildah add --quiet "$run" "$(buildah mount "$debian")/libc" /
buildah commit --quiet --rm "$run" localhost/amsterdam-base:run
buildah run "$debian" -- rm -rf /packages /libc /var/lib/apt/lists
buildah commit --quiet --rm "$debian" localhost/amsterdam-base:build
