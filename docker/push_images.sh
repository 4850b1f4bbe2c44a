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
TAG=${TAG:-$(docker/tag.sh)}
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
  docker push --quiet "$name:$TAG" >/dev/null || fail "$name:$TAG could not be pushed."
  digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$name:$TAG" \
    | grep -F "$name@" | tail -n 1)
  lines+=("    \"$stage\": \"$digest\"")
  echo "$digest"
done
mkdir -p build
{
  printf '{\n  "registry": "%s",\n  "tag": "%s",\n  "images": {\n' "$REGISTRY" "$TAG"
  (IFS=$'\n'; echo "${lines[*]}") | sed '$!s/$/,/'
  printf '  }\n}\n'
} >"$NOTED.unfinished"
mv "$NOTED.unfinished" "$NOTED"
