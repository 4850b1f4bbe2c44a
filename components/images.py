"""The names of the components' images.

`docker/build_images.sh` builds them under these names, and `docker/push_images.sh` notes their
digests. The variables `REGISTRY` and `TAG` say which are meant; without a tag, those of the
working tree.
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

    It is a digest where one was noted for the registry and the tag; a cluster takes results of
    earlier runs for the same image by its name, so that one name must mean one content.

    Args:
        stage: such as ``download``; ``retrain-gpu`` is the one with CUDA.

    Raises:
        SettingError: the tag may mean something else tomorrow, or there is none.
        InputDataError: the file of digests can't be read.
    """
    registry = os.environ.get(REGISTRY, "").rstrip("/")
    tag = os.environ.get(TAG) or _tag_of_tree()
    if tag == "latest":
        raise SettingError(f"{TAG}: a tag must mean one content for ever, so not latest.")
    noted = _noted_digests()
    if (noted.get("registry"), noted.get("tag")) == (registry, tag) and stage in noted["images"]:
        return str(noted["images"][stage])
    return f"{registry}/autofocus-{stage}:{tag}".lstrip("/")


def _noted_digests() -> dict[str, Any]:
    try:
        noted: dict[str, Any] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputDataError(
            f"{DIGESTS} can't be read ({error}): push the images again, or delete it."
        ) from None
    return noted


@cache
def _tag_of_tree() -> str:
    """Ask once, as files may be written meanwhile."""
    told = subprocess.run(  # noqa: S603 - our own script
        [REPOSITORY / "docker" / "tag.sh"], capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise SettingError(f"{TAG} is not set, and {told.stderr.strip()}")
    return told.stdout.strip()
