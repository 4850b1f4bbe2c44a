"""Tests of pushing images, to a real registry on this machine."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.images import image
from tests.docker.conftest import REPOSITORY

Images = Callable[[str], str]
CONFIG = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry; what it is called in images' names."""
    program = shutil.which("docker-registry")
    if program is None:
        if os.environ.get("AUTOFOCUS_REQUIRE_DOCKER") == "1":
            pytest.fail("docker-registry is required: install Debian's package of that name.")
        pytest.skip("docker-registry is not installed.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "config.yml").write_text(CONFIG.format(folder=tmp_path / "stored", port=port))
    with subprocess.Popen(
        [program, "serve", tmp_path / "config.yml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}/zoo"
        server.terminate()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what pushes and names images, so that the checkout's own notes stay."""
    for name in ("docker", "components", "pipelines", "autofocus"):
        shutil.copytree(REPOSITORY / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


def push(copy: Path, registry: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"REGISTRY": registry, "TAG": "1.2.3", **more}
    return subprocess.run(
        [copy / "docker" / "push_images.sh"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def test_pushed_images_are_named_by_digest(images: Images, registry: str, copy: Path) -> None:
    """Digests are noted, fetch the very image that was pushed, and stand in compiled pipelines."""
    ours = images("link")
    theirs = f"{registry}/autofocus-link:1.2.3"
    subprocess.run(["docker", "tag", ours, theirs], check=True)
    told = push(copy, registry, STAGES="link")
    assert told.returncode == 0, told.stderr
    noted = json.loads((copy / "build" / "digests.json").read_text())
    assert (noted["registry"], noted["tag"], list(noted["images"])) == (
        registry,
        "1.2.3",
        ["link"],
    )
    digest = noted["images"]["link"]
    assert digest.startswith(f"{registry}/autofocus-link@sha256:")

    # Only names go; the image stays with its other one.
    subprocess.run(["docker", "rmi", theirs], check=True, capture_output=True)
    subprocess.run(["docker", "rmi", digest], check=False, capture_output=True)
    subprocess.run(["docker", "pull", "--quiet", digest], check=True, capture_output=True)
    ids = [
        subprocess.run(
            ["docker", "image", "inspect", "--format", "{{.Id}}", name],
            check=True,
            capture_output=True,
        ).stdout
        for name in (ours, digest)
    ]
    assert ids[0] == ids[1]
    subprocess.run(["docker", "rmi", digest], check=True, capture_output=True)

    named = {"REGISTRY": registry, "TAG": "1.2.3"}
    subprocess.run(
        [sys.executable, "-m", "pipelines.compile", "--outdir", "compiled"],
        cwd=copy,
        check=True,
        env=os.environ | named | {"PYTHONPATH": str(copy)},
        capture_output=True,
    )
    compiled = (copy / "compiled" / "train.yaml").read_text()
    assert digest in compiled
    assert f"{registry}/autofocus-clean:1.2.3" in compiled


@pytest.mark.usefixtures("docker")
def test_pushing_what_was_not_built_is_told(registry: str, copy: Path) -> None:
    """An image that isn't there is one sentence, and no digest is noted."""
    told = push(copy, registry, STAGES="clean", TAG="9.9.9")
    assert told.returncode == 1
    assert told.stderr == (
        f"push-images: error: there is no image {registry}/autofocus-clean:9.9.9: "
        f"run make build-images REGISTRY={registry} TAG=9.9.9.\n"
    )
    assert not (copy / "build").exists()


# A registry that Docker knows by a shorter name: its images' are without `docker.io/`.
HUB = f"""#!/bin/sh
case "$1 $2" in
  "push "*) echo "1.2.3: digest: sha256:{"5" * 64} size: 1234" ;;
  "image inspect") echo "zoo/autofocus-link@sha256:{"5" * 64}" ;;
esac
"""


@pytest.mark.parametrize("registry", ["docker.io/zoo", "registry.example.org/zoo/"])
def test_digests_are_noted_under_the_name_that_was_asked_for(
    copy: Path, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a registry that Docker shortens nor one with a slash at its end is another name."""
    (copy / "bin").mkdir()
    (copy / "bin" / "docker").write_text(HUB)
    (copy / "bin" / "docker").chmod(0o755)
    path = f"{copy / 'bin'}:{os.environ['PATH']}"
    told = push(copy, registry, STAGES="link", PATH=path)
    assert told.returncode == 0, told.stderr
    monkeypatch.setattr("components.images.DIGESTS", copy / "build" / "digests.json")
    monkeypatch.setenv("REGISTRY", registry)
    monkeypatch.setenv("TAG", "1.2.3")
    assert image("link") == f"{registry.rstrip('/')}/autofocus-link@sha256:{'5' * 64}"


def test_latest_is_not_pushed(copy: Path) -> None:
    """A tag that means something else tomorrow is refused."""
    told = push(copy, "registry.example.org/zoo", TAG="latest")
    assert told.returncode == 1
    assert "the tag latest is not allowed" in told.stderr


def test_pushing_needs_a_registry(copy: Path) -> None:
    """Without one, one sentence asks for it."""
    told = push(copy, "")
    assert told.returncode == 1
    assert told.stderr.startswith("push-images: error: REGISTRY is required")


def test_images_without_digests_go_by_their_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was pushed, registry and tag make the name."""
    monkeypatch.setenv("REGISTRY", "registry.example.org/zoo/")
    monkeypatch.setenv("TAG", "1.2.3")
    assert image("clean") == "registry.example.org/zoo/autofocus-clean:1.2.3"
