"""Tests of the pixels that are cropped from the images of each camera."""

from pathlib import Path

import pytest

from autofocus.errors import SettingError
from autofocus.images.preparing import CameraTrim, Preparation
from autofocus.images.trims import Source, complete, sample_folders
from tests.images.footers import write_camera

AUTO = Preparation(0, "auto", 64)


def completed(folder: Path, preparation: Preparation = AUTO) -> Preparation:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.JPG"))
    return complete(preparation, Source(folder), names, 1)[0]


def test_each_camera_has_its_footer(tmp_path: Path) -> None:
    """Footers are detected per make and size, also among images of one folder."""
    write_camera(tmp_path / "a", "RECONYX", 32)
    write_camera(tmp_path / "b", "Moultrie", 68)
    write_camera(tmp_path / "c", "", 0)
    assert completed(tmp_path).cameras == (
        CameraTrim("", 0, 0, 320, 240),
        CameraTrim("Moultrie", 68, 0, 320, 308),
        CameraTrim("RECONYX", 32, 0, 320, 272),
    )


def test_what_is_given_is_not_detected(tmp_path: Path) -> None:
    """Numbers of a make that are given hold, and numbers for other cameras stay as they are."""
    write_camera(tmp_path / "a", "RECONYX", 32)
    given = (CameraTrim("Reconyx", 5),)
    assert completed(tmp_path, Preparation(0, "auto", 64, given)).cameras == given
    assert completed(tmp_path, Preparation(0, 198, 64)) == Preparation(0, 198, 64)


def test_few_images_follow_the_others_of_their_make(tmp_path: Path) -> None:
    """An image size with one image is cropped like the make's others, not by that image alone."""
    write_camera(tmp_path / "a", "RECONYX", 32)
    write_camera(tmp_path / "b", "RECONYX", 0, 1, width=400)
    preparation = completed(tmp_path)
    assert [camera.width for camera in preparation.cameras] == [320]
    assert preparation.for_camera("RECONYX", 400, 240).trim_bottom == 32
    write_camera(tmp_path / "c", "RECONYX", 0, 3, width=480)
    assert completed(tmp_path).for_camera("RECONYX", 400, 240).trim_bottom == 0


@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        (("RECONYX", 2048, 1536), (40, 32)),  # its size
        (("Reconyx", 1, 1), (30, 0)),  # any size
        (("MOULTRIE", 9, 9), (68, 0)),  # all listed sizes agree
        (("BUSHNELL", 9, 9), (198, 3)),  # they don't
        (("", 2048, 1536), (198, 3)),  # not listed
        (("", 5, 6), (7, 0)),  # no make in the EXIF data
    ],
)
def test_the_numbers_of_a_camera(camera: tuple[str, int, int], expected: tuple[int, int]) -> None:
    """The most specific numbers hold, and without any those of all cameras."""
    listed = [
        "RECONYX@2048x1536=40,32",
        "RECONYX=30",
        "Moultrie@1x2=68",
        "Moultrie@3x4=68",
        "Bushnell@1x2=100",
        "Bushnell@3x4=50",
        "@5x6=7",
    ]
    preparation = Preparation(3, 198, 64, tuple(map(CameraTrim.parse, listed)))
    prepared = preparation.for_camera(*camera)
    assert (prepared.trim_bottom, prepared.trim_top) == expected
    assert [str(one) for one in preparation.cameras] == listed


@pytest.mark.parametrize(
    "text", ["RECONYX", "RECONYX=", "=3", "A=-3", "A@3=3", "A=1,2,3", "A=x", " =1"]
)
def test_other_forms_are_rejected(text: str) -> None:
    """A text of another form is rejected with the form to write."""
    with pytest.raises(SettingError, match="write MAKE=BOTTOM or MAKE=BOTTOM,TOP"):
        CameraTrim.parse(text)


def test_preparations_agree_where_they_crop_the_same() -> None:
    """Cameras that only one of two folders has are no difference, other numbers are."""
    reconyx, moultrie = CameraTrim("RECONYX", 32, 32), CameraTrim("MOULTRIE", 68)
    both = Preparation("auto", "auto", 64, (moultrie, reconyx))
    one = Preparation("auto", "auto", 64, (reconyx,))
    assert both.agrees_with(one)
    assert one.agrees_with(both)
    assert not both.agrees_with(Preparation("auto", "auto", 64, (CameraTrim("Reconyx", 30),)))
    assert not both.agrees_with(Preparation("auto", "auto", 32, (reconyx,)))
    # With a number for all other cameras, a camera that is not listed is cropped differently.
    assert not Preparation(0, 0, 64, (reconyx,)).agrees_with(Preparation(0, 0, 64))
    assert Preparation.from_json(both.to_json()) == both


def test_a_preparation_in_words() -> None:
    """The report tells what was cropped, by camera where cameras differ."""
    reconyx = CameraTrim("RECONYX", 32, 32)
    assert Preparation(0, 198, 64).describe() == (
        "198 pixels cropped from the bottom and 0 from the top, shorter side 64 pixels"
    )
    assert "(other cameras: RECONYX=32,32)" in Preparation(0, 0, 64, (reconyx,)).describe()
    automatic = Preparation("auto", "auto", 64, (reconyx,)).describe()
    assert automatic.startswith("footers cropped as detected (pixels by camera: RECONYX=32,32)")


def test_the_sample_is_bounded() -> None:
    """Of each folder few images are read, evenly spread over it."""
    names = [f"a/{number:05}" for number in range(10_000)] + ["b/1"]
    sample = sample_folders(names)
    assert len(sample) == 401
    assert sample[:2] == ["a/00000", "a/00025"]
    assert sample[-1] == "b/1"
