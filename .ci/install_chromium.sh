#!/usr/bin/env bash
# See that Chromium is there, in which tests look at the report: install Debian's where it lacks.
set -euo pipefail

if command -v chromium >/dev/null; then
  exit
fi
echo "installing chromium from Debian's packages" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
