"""Running a component's image as a strict cluster would."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.components.calling import Call

# Of no user that the image knows.
ANYBODY = 54321
ENTRY = ("python", "/component/main.py", "--executor_input")


def command(
    image: str,
    words: Sequence[str],
    *,
    folders: Sequence[Path] = (),
    network: str = "none",
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> list[str]:
    """Return a command line that starts a container.

    It is of a random user, may write nowhere but to /tmp and the given folders, and by default
    reaches no network.

    Args:
        image: its image.
        words: what it is to run.
        folders: mounted at their own paths; anybody may write there.
        network: Docker's name for a network.
        environment: its variables.
        options: further ones of `docker run`.
    """
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777)
    user = f"--user={ANYBODY}:{ANYBODY}"
    mounts = [f"--volume={folder}:{folder}" for folder in folders]
    variables = [f"--env={name}={value}" for name, value in (environment or {}).items()]
    strict = ["--rm", "--read-only", "--tmpfs=/tmp:exec", user, f"--network={network}"]
    return ["docker", "run", *strict, *mounts, *variables, *options, image, *words]


def run(image: str, *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Run words in a container; see `command`."""
    return subprocess.run(
        command(image, words, **more), check=False, capture_output=True, text=True, timeout=300
    )


def call(image: str, prepared: Call, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Call a component in its image, as a pipeline does.

    Args:
        image: its image.
        prepared: what it is handed; all its inputs must lie below the folder that holds its own.
        more: see `command`.
    """
    folder = prepared.folder.parent
    return run(image, *ENTRY, prepared.executor_input, folders=[folder], **more)


def inspect(image: str) -> dict[str, Any]:
    """Return what Docker knows of an image."""
    told = subprocess.run(
        ["docker", "image", "inspect", image], check=True, capture_output=True, text=True
    )
    described: dict[str, Any] = json.loads(told.stdout)[0]
    return described


def weed() -> Path:
    """Return the program of SeaweedFS, which is linked statically and runs anywhere."""
    from autofocus.demo.local_server import find_weed

    return Path(os.path.realpath(find_weed()))
