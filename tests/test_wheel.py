"""Tests of the package that `make wheel` builds."""

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The package, built as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    options = ["--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*command, *options], check=True)
    (path,) = folder.glob("autofocus-*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_templates_and_sample_files(wheel: zipfile.ZipFile) -> None:
    """What the README's commands name, and what modules read, is in the package."""
    names = set(wheel.namelist())
    sample = {f"autofocus/sample_data/{path.name}" for path in (ROOT / "sample_data").iterdir()}
    templates = (ROOT / "autofocus" / "reporting" / "templates").iterdir()
    assert sample | {f"autofocus/reporting/templates/{path.name}" for path in templates} <= names
    assert "autofocus/py.typed" in names


def test_the_demo_needs_no_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Installed, the demo finds its parameter file, and that its label map, from any folder."""
    wheel.extractall(tmp_path / "installed")
    program = (
        "from autofocus.demo.run_demo import sample_data, bucket_of\n"
        "from autofocus.run import read_parameters\n"
        "params = sample_data() / 'run.yaml'\n"
        "settings = read_parameters(params).settings['link_images_by_label']\n"
        "print(params, bucket_of(params), settings.labelmap_path.is_file())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    params = tmp_path / "installed" / "autofocus" / "sample_data" / "run.yaml"
    assert done.stdout == f"{params} autofocus True\n"


def test_the_wheel_has_the_library_alone(wheel: zipfile.ZipFile) -> None:
    """Pipelines, components and tests are not installed beside the library."""
    assert {name.partition("/")[0].partition("-")[0] for name in wheel.namelist()} == {"autofocus"}


def test_every_extra_is_in_the_metadata(wheel: zipfile.ZipFile) -> None:
    """`pip install 'autofocus[EXTRA]'` works for each extra that errors and README name."""
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    extras = Parser().parsestr(wheel.read(name).decode()).get_all("Provides-Extra")
    assert extras is not None
    assert {"download", "preprocess", "tables", "predict", "train", "run", "demo"} <= set(extras)
    assert {"tensorboard", "pipelines", "docs"} <= set(extras)
