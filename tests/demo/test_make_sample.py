"""Tests of make_sample, from its settings to its bytes."""

import csv
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.demo.make_sample import DATA, SampleSettings, make_sample
from autofocus.errors import OutputConflictError, RejectedImageError, SettingError
from autofocus.images.decoding import decode, open_image
from autofocus.images.finding import check_name
from autofocus.images.preparing import Preparation, prepare
from autofocus.runs.ledger import Reason
from tests.images.pictures import DATE_TIME, MAKE, MODEL, Pixels
from tests.killing import tree

# Pillow warns of much that ends in the ledger; the program silences it as the tests do here.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

SMALL = SampleSettings(sequences=9, sites=3)
SCENE_ROWS, FOOTER_ROWS, COLUMNS = 960, 198, 1280


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set."""
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder, SMALL)
    return folder


def truth(sample: Path) -> list[dict[str, str]]:
    with (sample / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def paths(sample: Path, **wanted: str) -> list[Path]:
    """Return the files of which the truth says all this."""
    rows = [row for row in truth(sample) if all(row[k] == v for k, v in wanted.items())]
    return [sample / row["filepath"] for row in rows]


def pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image)


def read(path: Path) -> None:
    """Read a photograph as the preprocessing stage does."""
    check_name(str(path))
    with open_image(path) as photograph:
        prepare(photograph, Preparation(0, FOOTER_ROWS, 256))


def test_same_bytes_each_time(sample: Path, tmp_path: Path) -> None:
    """Two runs with the same settings give the same bytes, whatever the number of threads."""
    make_sample(tmp_path, SampleSettings(sequences=9, sites=3, jobs=1))
    assert tree(tmp_path) == tree(sample)


def test_second_call_reuses_what_is_whole(sample: Path) -> None:
    """A second call makes only what is gone, and the bytes are the same again."""
    before = tree(sample)
    gone = paths(sample, kind="plain")[0]
    gone.unlink()
    again = make_sample(sample, SMALL)
    assert (again.counts.ok, again.counts.reused) == (1, len(truth(sample)) - 1)
    make_sample(sample, SMALL)
    after = tree(sample)
    assert {**after, "ledger.csv": ""} == {**before, "ledger.csv": ""}


def test_truth_has_every_photograph(sample: Path) -> None:
    """The files below the data's folder are those of the truth, and two tables."""
    found = {path for path in (sample / DATA).rglob("*") if path.is_file()}
    tables = {sample / DATA / f"detections_{year}.csv" for year in (2016, 2017)}
    assert found == {*paths(sample), *tables}


def test_photograph_is_a_scene_and_a_footer(sample: Path) -> None:
    """The lower 198 rows are footer, nearly all of one shade; the row above them is scene."""
    for path in paths(sample, kind="plain"):
        photograph = pixels(path).astype(float)
        assert photograph.shape == (SCENE_ROWS + FOOTER_ROWS, COLUMNS, 3)
        # JPEG keeps colours in squares of 2 pixels, so they may reach a row too far.
        first, last = photograph[SCENE_ROWS, :, 1], photograph[SCENE_ROWS - 1, :, 1]
        assert np.ptp(first) <= 12
        assert last.std() > 3
        text = np.abs(photograph[SCENE_ROWS:] - np.median(first)).max(axis=2) > 60
        assert 0.01 < text.mean() < 0.3


def test_trimmed_photograph_has_no_footer(sample: Path) -> None:
    """Of a photograph trimmed by 198 rows nothing but the scene is left."""
    path = paths(sample, kind="plain")[0]
    with open_image(path) as photograph:
        trimmed = prepare(photograph, Preparation(0, FOOTER_ROWS, 960))
    assert trimmed.size == (COLUMNS, SCENE_ROWS)
    assert np.asarray(trimmed)[-1].std() > 3


def test_infrared_channels_are_equal(sample: Path) -> None:
    """By infrared light the channels of the scene are equal, and by day they are not."""
    for light, equal in (("infrared", True), ("day", False)):
        for path in paths(sample, kind="plain", light=light):
            scene = pixels(path)[:SCENE_ROWS]
            assert bool((np.ptp(scene, axis=2) == 0).all()) is equal


def test_tinted_channels_differ_a_little(sample: Path) -> None:
    """A tinted infrared photograph is off by a little, in under a third of its pixels."""
    for path in paths(sample, kind="tinted"):
        spread = np.ptp(pixels(path)[:SCENE_ROWS].astype(int), axis=2)
        assert 0 < (spread > 0).mean() < 0.33
        assert 0 < spread.mean() < 1


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("truncated", Reason.TRUNCATED),
        ("empty_file", Reason.EMPTY_FILE),
        ("text", Reason.NOT_AN_IMAGE),
        ("apple_double", Reason.APPLE_DOUBLE),
        ("too_short", Reason.TOO_SHORT_TO_TRIM),
        ("bomb", Reason.TOO_LARGE),
    ],
)
def test_broken_file_is_what_it_says(sample: Path, kind: str, reason: Reason) -> None:
    """Each broken file is rejected for its own reason, and is small."""
    (path,) = paths(sample, kind=kind)
    with pytest.raises(RejectedImageError) as caught:
        read(path)
    assert caught.value.reason is reason
    assert path.stat().st_size < 500_000


@pytest.mark.parametrize(
    ("kind", "picture_format", "mode"),
    [
        ("cmyk", "JPEG", "CMYK"),
        ("gray", "JPEG", "L"),
        ("mpo", "MPO", "RGB"),
        ("progressive", "JPEG", "RGB"),
        ("lying", "JPEG", "RGB"),
        ("no_exif", "JPEG", "RGB"),
        ("wrong_clock", "JPEG", "RGB"),
        ("png", "PNG", "RGB"),
        ("lower_case", "JPEG", "RGB"),
    ],
)
def test_awkward_file_opens(sample: Path, kind: str, picture_format: str, mode: str) -> None:
    """Each awkward file is of the format and mode that make it so, and is read upright."""
    (path,) = paths(sample, kind=kind)
    with Image.open(path) as image:
        assert (image.format, image.mode) == (picture_format, mode)
        assert getattr(image, "n_frames", 1) == (2 if kind == "mpo" else 1)
        assert bool(image.info.get("progressive")) == (kind == "progressive")
        assert bool(dict(image.getexif())) == (kind != "no_exif")
    with open_image(path) as photograph:
        assert decode(photograph)[0].size == (COLUMNS, SCENE_ROWS + FOOTER_ROWS)
        assert photograph.orientation == (6 if kind == "lying" else 1)
    assert path.suffix == (".jpg" if kind == "lower_case" else ".JPG")


def test_exif_says_synthetic_and_when(sample: Path) -> None:
    """EXIF data names a synthetic camera and the time at which the table's date agrees."""
    path = paths(sample, kind="plain")[0]
    with Image.open(path) as image:
        exif = image.getexif()
        original = exif.get_ifd(0x8769)[0x9003]
    assert exif[MAKE] == "AUTOFOCUS SYNTHETIC"
    assert "SYNTHETIC" in exif[MODEL]
    assert "Synthetic" in exif[0x010E]
    assert exif[DATE_TIME] == original
    assert original.startswith("2016:07:")


def test_every_text_says_synthetic(sample: Path) -> None:
    """The texts and the small tar file say that all is synthetic."""
    for path in (sample / "README.txt", sample / "bucket" / "README.txt"):
        assert "SYNTHETIC" in path.read_text(encoding="utf-8")
    archive = io.BytesIO((sample / "bucket" / "field_notes.tar").read_bytes())
    with tarfile.open(fileobj=archive) as tar:
        member = tar.extractfile(tar.getnames()[0])
        assert member is not None
        assert b"SYNTHETIC" in member.read()


def test_other_settings_in_the_same_folder_are_refused(sample: Path) -> None:
    """A folder that was begun with another seed is not mixed up."""
    with pytest.raises(OutputConflictError, match="seed"):
        make_sample(sample, SampleSettings(seed=1, sequences=9, sites=3))


@pytest.mark.parametrize("wrong", [{"sequences": 8}, {"sites": 0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    """Too few sequences, no site or a negative seed is an error that names the setting."""
    with pytest.raises(SettingError, match=next(iter(wrong))):
        SampleSettings(**wrong)


def test_help_has_an_example() -> None:
    """The command's help shows how it is called."""
    words = [sys.executable, "-m", "autofocus", "make-sample", "--help"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "autofocus make-sample data/sample" in shown


def test_a_folder_of_another_drawing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that was begun when things were drawn otherwise is not mixed up."""
    make_sample(tmp_path, SMALL)
    monkeypatch.setattr("autofocus.demo.make_sample.DRAWING", -1)
    with pytest.raises(OutputConflictError, match="drawing"):
        make_sample(tmp_path, SMALL)
