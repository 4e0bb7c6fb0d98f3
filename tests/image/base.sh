#!/usr/bin/env bash
# Makes a stand-in for python:3.11-slim-bookworm as a tar of its root file system: Debian 12 without extras,
# and this machine's CPython 3.11 in /usr/local. For machines that cannot reach an image registry; it proves
# the instructions of our Dockerfile, not the official base image.
# Usage: base.sh OUT.tar
set -euo pipefail
out="$1"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

packages=ca-certificates,netbase,tzdata,libssl3,libsqlite3-0,libffi8,libreadline8,zlib1g,libbz2-1.0,liblzma5
packages+=,libuuid1,libncursesw6,libexpat1,libcrypt1,libnsl2,libtirpc3
mmdebstrap --quiet --variant=minbase --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$work/root"

python="$(python3.11 -c 'import os, sys; print(os.path.realpath(sys.base_prefix))')"
mkdir -p "$work/root/usr/local/lib" "$work/root/usr/local/bin"
tar -C "$python" --exclude=site-packages --exclude=test --exclude=tests --exclude=tkinter --exclude=idlelib \
  --exclude=turtledemo --exclude='config-3.11-*' --exclude=__pycache__ --exclude='*.a' --exclude='_tkinter*' \
  -cf - lib bin/python3.11 | tar -C "$work/root/usr/local" --keep-directory-symlink -xf -
ln -s python3.11 "$work/root/usr/local/bin/python3"
ln -s python3.11 "$work/root/usr/local/bin/python"
mkdir -p "$work/root/usr/local/lib/python3.11/site-packages"
chroot "$work/root" ldconfig
chroot "$work/root" /usr/local/bin/python3.11 -m ensurepip --upgrade > /dev/null
chroot "$work/root" /usr/local/bin/python3.11 -c 'import bz2, ctypes, hashlib, lzma, readline, sqlite3, ssl, uuid, zlib'

# Where this machine reaches packages through a certificate of its own, builds on this base do too.
if [ -n "${SSL_CERT_FILE:-}" ] && [ -r "$SSL_CERT_FILE" ]; then
  cat "$SSL_CERT_FILE" > "$work/root/etc/ssl/certs/ca-certificates.crt"
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > "$work/root/etc/pip.conf"
fi
rm -rf "$work/root/var/lib/apt/lists"/* "$work/root/var/cache/apt"/*
tar -C "$work/root" --numeric-owner -cf "$out" --exclude=./dev/* --exclude=./proc/* --exclude=./sys/* .
