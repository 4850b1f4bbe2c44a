#!/usr/bin/env bash
# Push the images, and record their digests in build/digests.json, by which pipelines name them.
#
#   REGISTRY  the registry, such as registry.example.org/wildlife
#   TAG       their tag (that of docker/tag.sh)
#   STAGES    the stages to push (all that were built)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "push-images: error: $1" >&2
  exit 1
}

[ -n "${REGISTRY:-}" ] || fail "REGISTRY is required, such as registry.example.org/wildlife."
REGISTRY=${REGISTRY%/}
TAG=${TAG:-$(docker/tag.sh)}
[ "$TAG" != latest ] || fail "the tag latest is not allowed, because its content changes (TAG)."
STAGES=${STAGES:-ingest download preprocess clean link predict retrain publish retrain-gpu}
NOTED=build/digests.json

lines=()
for stage in $STAGES; do
  name=$REGISTRY/autofocus-$stage
  if ! docker image inspect "$name:$TAG" >/dev/null 2>&1; then
    # The one with CUDA is built on request only.
    [ "$stage" = retrain-gpu ] && continue
    fail "there is no image $name:$TAG: run make build-images REGISTRY=$REGISTRY TAG=$TAG."
  fi
  said=$(docker push "$name:$TAG") || fail "$name:$TAG could not be pushed."
  # The registry's answer; what Docker stores of an image may belong to another name.
  [[ $said =~ digest:\ (sha256:[0-9a-f]{64}) ]] || fail "the registry returned no digest of $name:$TAG."
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
