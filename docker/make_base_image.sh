#!/usr/bin/env bash
# Create a base image from Debian's packages, for sites without a container registry.
#
#   NAME       the image's name (autofocus-base:bookworm)
#   SUITE      Debian's release (bookworm)
#   MIRROR     the source of its packages (this machine's own, if it runs Debian; else
#              debootstrap's default)
#   CA_BUNDLE  certificates that programs in the image trust (this machine's)
set -euo pipefail

NAME=${NAME:-autofocus-base:bookworm}
SUITE=${SUITE:-bookworm}
CA_BUNDLE=${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}
PACKAGES=python3,python3-venv,ca-certificates
TRUSTED=/etc/ssl/certs/ca-certificates.crt

fail() {
  echo "base-image: error: $1" >&2
  exit 1
}

# The first package source of this machine, in either of apt's formats.
own_mirror() {
  local found
  found=$({
    awk '$1 == "URIs:" { print $2 }' /etc/apt/sources.list.d/*.sources
    awk '$1 == "deb" { print $2 }' /etc/apt/sources.list
  } 2>/dev/null | grep '/debian/\?$' || true)
  echo "${found%%[[:space:]]*}"
}

[ "$(id -u)" = 0 ] || fail "debootstrap requires root: use sudo."
command -v debootstrap >/dev/null || fail "debootstrap is not installed: apt-get install debootstrap."
docker info >/dev/null 2>&1 || fail "Docker does not respond: start it, or see docker/start_docker.sh."
[ -r "$CA_BUNDLE" ] || fail "the certificate file $CA_BUNDLE does not exist (CA_BUNDLE)."

MIRROR=${MIRROR:-$(own_mirror)}
made_of=$(cat "$0" "$CA_BUNDLE" <(echo "$SUITE $MIRROR") | sha256sum | cut -d' ' -f1)
label=org.autofocus.base.made-of
if [ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$NAME" 2>/dev/null)" = "$made_of" ]; then
  echo "$NAME exists already"
  exit
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
log=$root.log
echo "creating $NAME from Debian $SUITE: this takes a minute or two"
debootstrap --variant=minbase --include="$PACKAGES" "$SUITE" "$root" ${MIRROR:+"$MIRROR"} >"$log" 2>&1 \
  || { tail -n 5 "$log" >&2; fail "debootstrap failed; its log is $log."; }
rm -f "$log"
cp -L "$CA_BUNDLE" "$root$TRUSTED"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
  "$root"/usr/share/{man,locale,info}/* "$root"/tmp/*
# Keep the licences.
find "$root/usr/share/doc" -type f ! -name copyright -delete
tar --create --directory "$root" --numeric-owner . | docker import \
  --change "ENV PIP_CERT=$TRUSTED SSL_CERT_FILE=$TRUSTED" \
  --change "LABEL $label=$made_of" \
  --change 'CMD ["python3"]' \
  - "$NAME" >/dev/null
echo "created $NAME"
