#!/bin/sh
# Makes configure and Makefile.in from a fresh checkout.  Needs autoconf and
# automake; a released tarball has the results inside.
set -e
cd "$(dirname "$0")"
mkdir -p build-aux
exec autoreconf --install --force --warnings=all,no-obsolete
