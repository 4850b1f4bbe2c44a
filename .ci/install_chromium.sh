#!/usr/bin/env bash
# Make sure that Chromium is installed, in which tests open the report: install Debian's if it is not.
set -euo pipefail

if command -v chromium >/dev/null; then
  exit
fi
echo "installing chromium from Debian's packages" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
