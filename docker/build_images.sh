#!/usr/bin/env bash
# Build the components' images, one per stage.
#
#   REGISTRY    prefix of their names, such as registry.example.org/wildlife (none)
#   TAG         their tag (that of docker/tag.sh)
#   BASE_IMAGE  the image to build on (the official slim image of Python)
#   STAGES      the stages to build (all)
#   GPU         1 to build retrain-gpu, too, which contains CUDA: several gigabytes
#   PYTHON      a Python with pip and hatchling, to build the library's wheel
set -euo pipefail
cd "$(dirname "$0")/.."

OFFICIAL=python:3.11-slim-bookworm
HOMEMADE=autofocus-base:bookworm
REGISTRY=${REGISTRY:-}
REGISTRY=${REGISTRY%/}
PYTHON=${PYTHON:-.venv/bin/python}
STAGES=${STAGES:-ingest download preprocess clean link predict retrain publish}
if [ "${GPU:-}" = 1 ]; then
  STAGES="$STAGES retrain-gpu"
fi

fail() {
  echo "build-images: error: $1" >&2
  exit 1
}

have() {
  docker image inspect "$1" >/dev/null 2>&1
}

choose_base() {
  if [ -n "${BASE_IMAGE:-}" ]; then
    have "$BASE_IMAGE" || docker pull --quiet "$BASE_IMAGE" >/dev/null 2>&1 \
      || fail "the base image $BASE_IMAGE does not exist here and can't be pulled."
  elif have "$OFFICIAL"; then
    BASE_IMAGE=$OFFICIAL
  elif have "$HOMEMADE"; then
    BASE_IMAGE=$HOMEMADE
  elif docker pull --quiet "$OFFICIAL" >/dev/null 2>&1; then
    BASE_IMAGE=$OFFICIAL
  else
    fail "$OFFICIAL can't be pulled: without a registry, create a base image with make base-image."
  fi
}

# build NAME FILE ARGUMENTS...: build the image NAME from a Dockerfile; print only if it fails.
build() {
  local name=$1 file=$2 log
  shift 2
  log=$(mktemp)
  if ! docker build --tag "$name" --file "$file" "$@" "${PASSED_ON[@]}" . >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "$name could not be built from $file; see above, or the complete log in $log."
  fi
  rm -f "$log"
}

image() {
  echo "${REGISTRY:+$REGISTRY/}autofocus-$1:$TAG"
}

build_stage() {
  local stage=$1 folder=${1%-gpu} parent=$runtime more=()
  case $folder in
    retrain) parent=$learning ;;
  esac
  if [ "$folder" = retrain ]; then
    more=(--build-arg "REVISION=$REVISION")
  fi
  if [ "$stage" = retrain-gpu ]; then
    more+=(--build-arg REQUIREMENTS=train-gpu)
  fi
  build "$(image "$stage")" "components/$folder/Dockerfile" \
    --build-arg "PARENT=$parent" "${more[@]}" \
    --label "org.opencontainers.image.title=autofocus-$stage" \
    --label "org.opencontainers.image.description=Autofocus: the $folder stage" \
    --label "org.opencontainers.image.licenses=BSD-3-Clause" \
    --label "org.opencontainers.image.version=$VERSION" \
    --label "org.opencontainers.image.revision=$REVISION" \
    --label "org.opencontainers.image.base.name=$BASE_IMAGE" \
    --label "org.opencontainers.image.created=$CREATED"
}

megabytes() {
  echo $(($(docker image inspect --format '{{.Size}}' "$1") / 1000000))
}

docker info >/dev/null 2>&1 || fail "Docker does not respond: start it, and check that you may use it."
TAG=${TAG:-$(docker/tag.sh)}
[ "$TAG" != latest ] || fail "the tag latest is not allowed, because its content changes (TAG)."
choose_base
PASSED_ON=()
for name in PIP_INDEX_URL HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
  if [ -n "${!name:-}" ]; then
    PASSED_ON+=(--build-arg "$name")
  fi
done

mkdir -p build
rm -rf build/wheel
"$PYTHON" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel . \
  || fail "the library's wheel could not be built."
# The detector's weights; without them, the images work for all that needs no detector.
mkdir -p build/weights
AUTOFOCUS_WEIGHTS_DIR=build/weights "$PYTHON" -m autofocus weights megadetector-lite >/dev/null \
  || echo "build-images: warning: the images lack the detector's weights (see above)." >&2
VERSION=$("$PYTHON" -c 'import autofocus; print(autofocus.__version__)')
REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)
CREATED=$(git log -1 --format=%cI 2>/dev/null || echo unknown)

# Their names contain the tag, so that concurrent builds don't use each other's.
runtime=autofocus-runtime:$TAG learning=autofocus-learning:$TAG
build "$runtime" docker/runtime.Dockerfile --build-arg "BASE_IMAGE=$BASE_IMAGE"
case " $STAGES " in
  *" retrain "* | *" retrain-gpu "*)
    echo "TensorFlow, for retrain" >&2
    build "$learning" docker/learning.Dockerfile --build-arg "PARENT=$runtime"
    ;;
esac
base=$(megabytes "$BASE_IMAGE")
echo "on $BASE_IMAGE ($base MB)"
for stage in $STAGES; do
  [ -d "components/${stage%-gpu}" ] || fail "there is no stage $stage (STAGES)."
  build_stage "$stage"
  size=$(megabytes "$(image "$stage")")
  echo "$(image "$stage"): $size MB, $((size - base)) MB above the base"
done
