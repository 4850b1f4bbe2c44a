"""Fixtures for tests with Docker, which are skipped where it does not answer.

With `AUTOFOCUS_REQUIRE_DOCKER=1`, as in CI, they fail there.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components.images import image

REPOSITORY = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests that need an engine."""
    for item in items:
        if "docker" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("docker"):
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def docker() -> None:
    """An engine that answers."""
    answer = "docker is not installed"
    if shutil.which("docker"):
        told = subprocess.run(["docker", "info"], check=False, capture_output=True, text=True)
        if not told.returncode:
            return
        answer = told.stderr.strip()
    if os.environ.get("AUTOFOCUS_REQUIRE_DOCKER") == "1":
        pytest.fail(f"Docker is required, but does not answer: {answer}")
    pytest.skip(f"Docker does not answer: {answer}")


@pytest.fixture(scope="session")
def images(docker: None) -> Callable[[str], str]:  # noqa: ARG001 - it must answer
    """The images of the present code, built now; call it with a stage's name for its image."""
    built = subprocess.run(
        [REPOSITORY / "docker" / "build_images.sh"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHON": sys.executable, "TAG": image("clean").rpartition(":")[2]},
    )
    assert not built.returncode, built.stderr
    return image
