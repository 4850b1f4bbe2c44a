#!/usr/bin/env bash
# Make sure that a Docker engine responds: install Debian's and start it if none does. For CI.
#
#   DOCKERD_LOG  the log file of an engine that is started (/var/log/autofocus-dockerd.log)
set -euo pipefail

LOG=${DOCKERD_LOG:-/var/log/autofocus-dockerd.log}

# The engine, the tool for base images, and a registry for the tests of pushing.
missing=()
for program in dockerd:docker.io debootstrap:debootstrap docker-registry:docker-registry; do
  command -v "${program%:*}" >/dev/null || missing+=("${program#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]} from Debian's packages" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # Only their programs are needed, not their services.
  apt-get install -qq --yes --no-install-recommends "${missing[@]}" iptables ca-certificates \
    >/dev/null
fi
if docker info >/dev/null 2>&1; then
  exit
fi
# Files that a killed engine leaves behind keep the next one from starting.
if ! pgrep -x dockerd >/dev/null; then
  rm -f /var/run/docker.pid /var/run/docker.sock
  rm -rf /var/run/docker/containerd/containerd.pid
fi
echo "starting dockerd, its log is $LOG" >&2
nohup dockerd >"$LOG" 2>&1 </dev/null &
for _ in $(seq 60); do
  if docker info >/dev/null 2>&1; then
    exit
  fi
  sleep 1
done
echo "start_docker: error: dockerd did not respond within a minute; the end of its log:" >&2
tail -n 5 "$LOG" >&2
exit 1
