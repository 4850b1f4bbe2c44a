"""Tests of `preprocess_images --trim-bottom auto` and `--trim-by-camera`."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from autofocus.errors import SettingError
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import COMMAND, PreprocessSettings
from tests.images.footers import write_camera
from tests.killing import tree

AUTO = PreprocessSettings(trim_bottom="auto", trim_top="auto", min_side=64, jobs=1)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of two cameras with footers of 32 and 68 rows."""
    folder = tmp_path_factory.mktemp("in")
    write_camera(folder / "a", "RECONYX", 32)
    write_camera(folder / "b", "MOULTRIE", 68)
    return folder


def test_footers_are_cropped(photographs: Path, tmp_path: Path) -> None:
    """Each camera's scene remains, and what was cropped is noted and stored."""
    result = preprocess_images(photographs, tmp_path / "out", AUTO)
    for name in ("a/001.JPG", "b/001.JPG"):
        with Image.open(tmp_path / "out" / name) as image:
            assert image.size == (85, 64)  # 320 x 240
    prepared = json.loads((tmp_path / "out" / "preparation.json").read_text())
    assert prepared["trim_bottom"] == "auto"
    rows = {camera["make"]: camera["trim_bottom"] for camera in prepared["cameras"]}
    assert rows == {"RECONYX": 32, "MOULTRIE": 68}
    assert any("RECONYX 320 x 272: 32 rows at the bottom" in note for note in result.notes)


def test_given_numbers_crop_as_detected_ones(photographs: Path, tmp_path: Path) -> None:
    """The detected numbers, given by camera on the command line, make the same images."""
    preprocess_images(photographs, tmp_path / "auto", AUTO)
    words = ["--indir", str(photographs), "--outdir", str(tmp_path / "given"), "--min-side", "64"]
    given = ["--trim-by-camera", "RECONYX=32", "Moultrie=68", "--trim-bottom", "0"]
    assert COMMAND.main([*words, *given]) == 0
    for path in (tmp_path / "auto").rglob("*.JPG"):
        twin = tmp_path / "given" / path.relative_to(tmp_path / "auto")
        assert path.read_bytes() == twin.read_bytes()


def test_a_folder_that_grows_gives_what_a_fresh_run_gives(
    photographs: Path, tmp_path: Path
) -> None:
    """If more images change what is detected, the images done before are done again."""
    cam = tmp_path / "in" / "a"
    write_camera(cam, "RECONYX", 0, 1, height=272)
    shutil.copy(photographs / "a" / "001.JPG", cam)
    first = preprocess_images(tmp_path / "in", tmp_path / "out", AUTO)
    assert "RECONYX 320 x 272: 0 rows at the bottom" in first.notes[0]
    shutil.copytree(photographs, tmp_path / "in" / "more")
    preprocess_images(tmp_path / "in", tmp_path / "out", AUTO)
    preprocess_images(tmp_path / "in", tmp_path / "fresh", AUTO)
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_a_camera_given_twice_is_an_error() -> None:
    """Two numbers for one camera are rejected before anything is written."""
    with pytest.raises(SettingError, match="trim_by_camera: Reconyx is given twice"):
        PreprocessSettings(trim_by_camera=("Reconyx=32", "RECONYX=30"))


def test_a_shard_needs_numbers() -> None:
    """Where only a part of the images is at hand, detection is rejected with what to do."""
    for name, settings in (
        ("trim_bottom", PreprocessSettings(trim_bottom="auto")),
        ("trim_top", PreprocessSettings(trim_top="auto")),
    ):
        with pytest.raises(SettingError, match=f"{name} must be a number: .* trim_by_camera"):
            settings.require_numbers()
