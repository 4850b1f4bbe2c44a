"""The names of the components' images.

`docker/build_images.sh` builds them under these names, and `docker/push_images.sh` records their
digests. The variables `REGISTRY` and `TAG` select them; the default tag is that of the working
tree.
"""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, SettingError

REGISTRY = "REGISTRY"
TAG = "TAG"
REPOSITORY = Path(__file__).parents[1]
DIGESTS = REPOSITORY / "build" / "digests.json"


def image(stage: str) -> str:
    """Return the name of a stage's image.

    It is a digest if one is recorded for the registry and the tag. A cluster reuses the results of
    earlier runs by the image's name, so that a name must always mean the same content.

    Args:
        stage: such as ``download``; ``retrain-gpu`` is the one with CUDA.

    Raises:
        SettingError: the tag may move, or there is none.
        InputDataError: the file of digests can't be read.
    """
    registry = os.environ.get(REGISTRY, "").rstrip("/")
    tag = os.environ.get(TAG) or _tag_of_tree()
    if tag == "latest":
        raise SettingError(
            f"{TAG}: a tag must always mean the same content, so it can't be latest."
        )
    digests = _recorded_digests()
    is_same = (digests.get("registry"), digests.get("tag")) == (registry, tag)
    if is_same and stage in digests["images"]:
        return str(digests["images"][stage])
    return f"{registry}/autofocus-{stage}:{tag}".lstrip("/")


def _recorded_digests() -> dict[str, Any]:
    try:
        digests: dict[str, Any] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputDataError(
            f"{DIGESTS} can't be read ({error}): push the images again, or delete it."
        ) from None
    return digests


@cache
def _tag_of_tree() -> str:
    """Return the tag of the working tree; only once, as files may be written meanwhile."""
    done = subprocess.run(  # noqa: S603 - our own script
        [REPOSITORY / "docker" / "tag.sh"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SettingError(f"{TAG} is not set, and {done.stderr.strip()}")
    return done.stdout.strip()
