#!/usr/bin/env bash
# Push the images, and note their digests in build/digests.json, by which pipelines name them.
#
#   REGISTRY  where to, such as registry.example.org/wildlife
#   TAG       by default that of docker/tag.sh
#   STAGES    which (all that were built)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "push-images: error: $1" >&2
  exit 1
}

[ -n "${REGISTRY:-}" ] || fail "say where to: REGISTRY=registry.example.org/wildlife."
REGISTRY=${REGISTRY%/}
TAG=${TAG:-$(docker/tag.sh)}
[ "$TAG" != latest ] || fail "a tag must mean one content for ever, so not latest (TAG)."
STAGES=${STAGES:-download preprocess clean link predict retrain publish retrain-gpu}
NOTED=build/digests.json

lines=()
for stage in $STAGES; do
  name=$REGISTRY/autofocus-$stage
  if ! docker image inspect "$name:$TAG" >/dev/null 2>&1; then
    # That with CUDA is built on demand only.
    [ "$stage" = retrain-gpu ] && continue
    fail "there is no image $name:$TAG: make build-images REGISTRY=$REGISTRY TAG=$TAG."
  fi
  said=$(docker push "$name:$TAG") || fail "$name:$TAG could not be pushed."
  # Told by the registry just now; what Docker remembers of an image may go by another name.
  [[ $said =~ digest:\ (sha256:[0-9a-f]{64}) ]] || fail "no digest was told of $name:$TAG."
  digest=${BASH_REMATCH[1]}
  lines+=("    \"$stage\": \"$name@$digest\"")
  echo "$name@$digest"
done
mkdir -p build
{
  printf '{\n  "registry": "%s",\n  "tag": "%s",\n  "images": {\n' "$REGISTRY" "$TAG"
  (IFS=$'\n'; echo "${lines[*]}") | sed '$!s/$/,/'
  printf '  }\n}\n'
} >"$NOTED.unfinished"
mv "$NOTED.unfinished" "$NOTED"
