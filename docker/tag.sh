#!/usr/bin/env bash
# Print the tag of the images built from the working tree: one tag, one content.
#
# For a clean tree it is the commit; with changes, a digest of all files follows.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! commit=$(git rev-parse --short=12 HEAD 2>/dev/null); then
  echo "tag: error: this is not a git checkout, so set a tag: TAG=1.2.3" >&2
  exit 1
fi
if [ -z "$(git status --porcelain)" ]; then
  echo "$commit"
  exit
fi
index=$(mktemp)
trap 'rm -f "$index"' EXIT
cp "$(git rev-parse --git-path index)" "$index"
GIT_INDEX_FILE=$index git add --all 2>/dev/null
tree=$(GIT_INDEX_FILE=$index git write-tree)
echo "$commit-${tree:0:12}"
