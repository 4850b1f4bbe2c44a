"""Tests of what the images are, and are not."""

import re
import subprocess
from collections.abc import Callable

import pytest

from autofocus import __version__
from tests.docker.conftest import REPOSITORY
from tests.docker.running import inspect, run

LIGHT = ("ingest", "download", "preprocess", "clean", "link", "publish")
HEAVY = ("predict", "retrain")
ALL = (*LIGHT, *HEAVY)
MODULES = {
    "ingest": "autofocus.download_images, autofocus.preprocess_images, boto3, obstore",
    "download": "autofocus.download_images, boto3, obstore",
    "preprocess": "autofocus.preprocess_images",
    "clean": "autofocus.clean_detections, polars",
    "link": "autofocus.link_images_by_label, polars",
    "publish": "autofocus.publish_labels, boto3, obstore",
    "predict": "autofocus.predict, tensorflow",
    "retrain": "autofocus.retrain, tensorflow, mlflow, pandas, matplotlib",
}
LABELS = ("title", "description", "licenses", "version", "revision", "created", "base.name")
MOST_MEGABYTES = 350
# ONNX Runtime and the weights of the detector, which images with preprocess hold as well.
DETECTOR_MEGABYTES = 110
WITH_DETECTOR = ("ingest", "preprocess")

Images = Callable[[str], str]


@pytest.mark.parametrize("stage", ALL)
def test_an_image_runs_as_a_numbered_user_without_an_entrypoint(
    images: Images, stage: str
) -> None:
    """Kubernetes can tell that the user isn't root, and a pipeline's command is all that runs."""
    config = inspect(images(stage))["Config"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"])
    assert not config["Entrypoint"]


@pytest.mark.parametrize("stage", ALL)
def test_an_image_says_what_it_is(images: Images, stage: str) -> None:
    """Title, version, commit and the rest stand in OCI's labels."""
    labels = inspect(images(stage))["Config"]["Labels"]
    found = {name: labels[f"org.opencontainers.image.{name}"] for name in LABELS}
    assert found["title"] == f"autofocus-{stage}"
    assert found["version"] == __version__
    commit = ["git", "rev-parse", "HEAD"]
    assert found["revision"] == subprocess.check_output(commit, cwd=REPOSITORY, text=True).strip()
    assert all(found.values())


@pytest.mark.parametrize("stage", ALL)
def test_an_image_holds_no_compiler_and_no_leftovers(images: Images, stage: str) -> None:
    """There is no compiler, no cache of packages' files, and nothing in /tmp."""
    script = (
        "for c in cc gcc g++ c++ clang; do command -v $c; done; "
        "find / -xdev \\( -path '*/.cache/*' -o -path '/tmp/*' -o -path '/var/cache/apt/*.bin' "
        "-o -path '/var/cache/apt/archives/*.deb' -o -path '/var/lib/apt/lists/*_Packages*' \\)"
    )
    # As a user that may see all, with nothing mounted over /tmp, where builds have their home.
    told = subprocess.run(
        ["docker", "run", "--rm", "--user=0", "--network=none", images(stage), "sh", "-c", script],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stdout) == (0, ""), told.stderr


@pytest.mark.parametrize("stage", ALL)
def test_an_image_has_what_its_stage_needs(images: Images, stage: str) -> None:
    """Its packages import for a random user, on a read-only disk and without a network."""
    told = run(images(stage), "python", "-c", f"import {MODULES[stage]}")
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("stage", LIGHT)
def test_a_light_image_has_no_heavy_package(images: Images, stage: str) -> None:
    """It lacks TensorFlow, MLflow and kfp."""
    script = (
        "from importlib.util import find_spec as find\n"
        "print([name for name in ('tensorflow', 'mlflow', 'kfp') if find(name)])"
    )
    assert run(images(stage), "python", "-c", script).stdout == "[]\n"


@pytest.mark.parametrize("stage", ALL)
def test_an_image_has_no_synthetic_sample(images: Images, stage: str) -> None:
    """The sample and its S3 server are for a person's machine."""
    script = "from importlib.util import find_spec as find; print(find('autofocus.demo'))"
    assert run(images(stage), "python", "-c", script).stdout == "None\n"


@pytest.mark.parametrize("stage", HEAVY)
def test_a_heavy_image_has_no_kfp(images: Images, stage: str) -> None:
    """What pipelines are written with is for the machine that submits them."""
    script = "from importlib.util import find_spec as find; print(find('kfp'))"
    assert run(images(stage), "python", "-c", script).stdout == "None\n"


@pytest.mark.parametrize("stage", LIGHT)
def test_a_light_image_adds_little_to_its_base(images: Images, stage: str) -> None:
    """It is less than 350 MB larger than the image that it is built on, the detector aside."""
    about = inspect(images(stage))
    base = inspect(about["Config"]["Labels"]["org.opencontainers.image.base.name"])
    most = MOST_MEGABYTES + (DETECTOR_MEGABYTES if stage in WITH_DETECTOR else 0)
    assert (about["Size"] - base["Size"]) / 1e6 < most


def test_the_embedded_backbones_are_inside(images: Images) -> None:
    """A cluster without internet can load the networks that all is built on."""
    script = (
        "from autofocus.features.backbones import load_backbone\n"
        "names = [f'efficientnet-lite{number}' for number in range(3)]\n"
        "print([load_backbone(name).feature_size for name in names])"
    )
    assert run(images("retrain"), "python", "-c", script).stdout == "[1280, 1280, 1280]\n"


def test_a_container_s_limit_is_the_number_of_threads(images: Images) -> None:
    """A stage starts as many threads as its container may use processors, not as there are."""
    script = "from autofocus.runs.parallel import cores; print(cores())"
    told = run(images("preprocess"), "python", "-c", script, options=["--cpus=0.5"])
    assert told.stdout == "1\n", told.stderr
