"""Tests of stage 1, preprocess_images, from its command line to its bytes."""

import csv
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from autofocus.errors import (
    MissingInputError,
    OutputConflictError,
    SettingError,
    TooManyRejectedError,
)
from autofocus.preprocess_images import PreprocessResult, preprocess_images
from autofocus.preprocess_settings import COMMAND, PreprocessSettings
from autofocus.runs.ledger import Reason, Row, Status, read_ledger
from tests.images.pictures import DATE_TIME, MAKE, MODEL, constant, encoded, exif, hills, write
from tests.killing import check_killed_runs, finish, kill_when, noted, tree

# Pillow warns of much that ends in the ledger; the program silences it as the tests do here.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

ROOT = Path(__file__).parents[1]
SMALL = PreprocessSettings(trim_bottom=8, min_side=16)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(out: Path) -> list[Row]:
    return [row for _, row in read_ledger(out / "ledger.csv")]


def run(indir: Path, outdir: Path, settings: PreprocessSettings = SMALL) -> PreprocessResult:
    return preprocess_images(indir, outdir, settings)


@pytest.fixture
def indir(tmp_path: Path) -> Path:
    """A folder of four photographs: night and day, of two cameras."""
    folder = tmp_path / "in"
    write(folder / "a" / "IMG_1.JPG", constant(48, 40, 60))
    write(folder / "b" / "IMG_1.JPG", constant(48, 40, (200, 119, 40)))
    write(folder / "b" / "IMG_2.jpeg", hills(48, 40))
    write(folder / "c.png", hills(48, 40), "PNG")
    return folder


# Single claims


def test_photograph_keeps_its_capture(tmp_path: Path) -> None:
    """The photograph written tells the date, time and camera of the original, upright."""
    data = exif({MAKE: "RECONYX", MODEL: "HC500", DATE_TIME: "2016:07:05 14:03:09", 0x0112: 3})
    write(tmp_path / "in" / "x.JPG", hills(48, 40), exif=data)
    run(tmp_path / "in", tmp_path / "out")
    with Image.open(tmp_path / "out" / "x.JPG") as image:
        kept = dict(image.getexif())
    assert kept == {MAKE: "RECONYX", MODEL: "HC500", DATE_TIME: "2016:07:05 14:03:09"}


@pytest.mark.parametrize("extension", ["JPG", "jpeg", "Png", "tif", "TIFF", "webp", "bmp", "gif"])
def test_result_is_of_its_names_format(tmp_path: Path, extension: str) -> None:
    """A photograph is saved in the format that its name says, whatever its content was."""
    write(tmp_path / "in" / f"x.{extension}", constant(48, 40, (200, 119, 40)))
    settings = PreprocessSettings(extensions=(extension,), trim_bottom=8, min_side=16)
    run(tmp_path / "in", tmp_path / "out", settings)
    formats = {"JPG": "JPEG", "TIF": "TIFF"}
    with Image.open(tmp_path / "out" / f"x.{extension}") as image:
        assert image.format == formats.get(extension.upper(), extension.upper())
        assert image.size == (24, 16)


@pytest.mark.parametrize(
    ("tolerance", "night"), [(0.0, ["1", "0"]), (1.9, ["1", "0"]), (2.0, ["1", "1"])]
)
def test_night_tolerance(tmp_path: Path, tolerance: float, night: list[str]) -> None:
    """With a tolerance of 0 only equal channels are of the night, else small differences too."""
    write(tmp_path / "in" / "equal.png", constant(48, 40, (90, 90, 90)), "PNG")
    write(tmp_path / "in" / "tinted.png", constant(48, 40, (90, 90, 92)), "PNG")
    settings = PreprocessSettings(trim_bottom=8, min_side=16, night_tolerance=tolerance)
    result = run(tmp_path / "in", tmp_path / "out", settings)
    assert [row["night"] for row in table(result.properties)] == night


def test_outdir_may_lie_in_indir(indir: Path) -> None:
    """Results within the input folder are no inputs of the next run."""
    assert run(indir, indir / "out").counts.inputs == 4
    assert run(indir, indir / "out").counts.inputs == 4


@pytest.mark.parametrize("outdir", [".", "sub/..", ".."])
def test_originals_are_never_written_over(indir: Path, outdir: str) -> None:
    """An output folder that is or holds the input folder is refused, and nothing is written."""
    (indir / "sub").mkdir()
    before = tree(indir)
    with pytest.raises(OutputConflictError, match="give another --outdir"):
        run(indir, indir / outdir)
    assert tree(indir) == before
    assert not (indir / outdir / ".autofocus").exists()


@pytest.mark.parametrize("name", ["empty", "gone"])
def test_an_empty_shard_may_be_fine(tmp_path: Path, name: str) -> None:
    """Where nothing is allowed, tables have columns and no row, and the preparation stands."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError):
        run(tmp_path / name, tmp_path / "none")
    allowed = replace(SMALL, allow_empty=True)
    result = run(tmp_path / name, tmp_path / "out", allowed)
    assert result.properties.read_text() == (
        "filepath,date,time,night,mean_brightness,time_source,width,height,camera_make,"
        "camera_model\n"
    )
    assert result.ledger.read_text() == "stage,input,status,reason,detail,output\n"
    assert result.counts.inputs == 0
    assert list(tree(tmp_path / "out")) == [
        "image_properties.csv",
        "ledger.csv",
        "preparation.json",
    ]


def test_no_input_folder(tmp_path: Path) -> None:
    """Without an input folder nothing is made, not even the output folder."""
    with pytest.raises(MissingInputError):
        run(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"extensions": ()}, "extensions: give at least one"),
        ({"extensions": ("JPG", "pdf")}, "extensions: pdf is not among"),
        ({"extensions": ("",)}, "extensions:  is not among"),
        ({"min_side": 0}, "min_side must be at least 1, not 0"),
        ({"trim_bottom": -1}, "trim_bottom must not be negative, but is -1"),
        ({"trim_top": -1}, "trim_top must not be negative, but is -1"),
        ({"night_tolerance": -0.1}, "night_tolerance must not be negative, but is -0.1"),
        ({"jobs": -1}, "jobs must not be negative, but is -1"),
        ({"max_rejected": 1.1}, "max_rejected must be a share, 0 to 1, not 1.1"),
    ],
)
def test_wrong_settings(wrong: dict[str, object], words: str) -> None:
    """Settings that make no sense are refused by name and value before anything is done."""
    with pytest.raises(SettingError, match=words):
        PreprocessSettings(**wrong)  # type: ignore[arg-type]


def spoil(indir: Path, share: float) -> None:
    """Add files that are no photographs, until they are this share of all."""
    number = round(4 * share / (1 - share))
    for index in range(number):
        (indir / f"bad{index}.JPG").write_text("no picture")


def test_too_many_rejected(indir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Above the allowed share the command ends with status 4, and all else is written."""
    spoil(indir, 0.5)
    options = ["--trim-bottom", "8", "--min-side", "16", "--max-rejected", "0.4"]
    status = COMMAND.main(["--indir", str(indir), "--outdir", str(tmp_path / "out"), *options])
    assert status == 4
    assert capfd.readouterr().err == (
        "  note: 4 of 4 images have no date and time (EXIF)\n"
        "autofocus preprocess_images: error: 4 of 8 inputs were rejected (not_an_image 4), more "
        "than the share of 0.4 that --max-rejected allows: see "
        f"{tmp_path / 'out' / 'ledger.csv'}.\n"
    )
    assert len(table(tmp_path / "out" / "image_properties.csv")) == 4
    assert len(rows(tmp_path / "out")) == 8
    assert (tmp_path / "out" / "b" / "IMG_1.JPG").is_file()


def test_share_may_be_raised_afterwards(indir: Path, tmp_path: Path) -> None:
    """A run that ended for its rejected share goes on with a larger one, and reuses all."""
    spoil(indir, 0.5)
    with pytest.raises(TooManyRejectedError):
        run(indir, tmp_path / "out")
    settings = PreprocessSettings(trim_bottom=8, min_side=16, max_rejected=0.5)
    counts = run(indir, tmp_path / "out", settings).counts
    assert (counts.reused, counts.rejected) == (4, 4)


def test_companions_of_macos_do_not_count(indir: Path, tmp_path: Path) -> None:
    """`._` files are in the ledger, but are not held against the run."""
    for index in range(9):
        (indir / f"._IMG_{index}.JPG").write_bytes(b"\x00\x05\x16\x07")
    counts = run(indir, tmp_path / "out").counts
    assert (counts.ok, counts.reasons) == (4, {"apple_double": 9})


def test_name_that_is_no_text(indir: Path, tmp_path: Path) -> None:
    """A photograph whose name isn't UTF-8 is rejected, as no table could hold it."""
    try:
        write(indir / "a\udcff.JPG", hills(48, 40))
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    settings = PreprocessSettings(trim_bottom=8, min_side=16, max_rejected=0.2)
    counts = run(indir, tmp_path / "out", settings).counts
    assert (counts.ok, counts.reasons) == (4, {"unreadable": 1})


# Going on


def touched(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written anew, for each photograph."""
    paths = [path for path in folder.rglob("*.*") if path.suffix in (".JPG", ".jpeg", ".png")]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def test_second_run_reuses(indir: Path, tmp_path: Path) -> None:
    """A run over a complete output reuses all, rewrites no photograph and keeps the table."""
    first = run(indir, tmp_path / "out")
    before, properties = touched(tmp_path / "out"), first.properties.read_bytes()
    second = run(indir, tmp_path / "out")
    assert (second.counts.ok, second.counts.reused) == (0, 4)
    assert touched(tmp_path / "out") == before
    assert len(before) == 4
    assert second.properties.read_bytes() == properties


def test_originals_from_the_future_are_reused(indir: Path, tmp_path: Path) -> None:
    """Originals dated years ahead, as by a camera whose clock is wrong, are reused, too."""
    ahead = time.time() + 10**8
    for path in indir.rglob("*.*"):
        os.utime(path, (ahead, ahead))
    run(indir, tmp_path / "out")
    assert run(indir, tmp_path / "out").counts.reused == 4


@pytest.mark.parametrize("change", ["content", "older", "gone"])
def test_what_has_changed_is_done_again(indir: Path, tmp_path: Path, change: str) -> None:
    """An original that has changed, even to an older one, or a lost result, is done again."""
    run(indir, tmp_path / "out")
    original = indir / "b" / "IMG_1.JPG"
    if change == "content":
        write(original, constant(48, 40, (39, 80, 160)))
    elif change == "older":
        os.utime(original, (10**9, 10**9))
    else:
        (tmp_path / "out" / "b" / "IMG_1.JPG").unlink()
    result = run(indir, tmp_path / "out")
    assert [row.input for row in rows(tmp_path / "out") if row.status is Status.OK] == [
        "b/IMG_1.JPG"
    ]
    brightness = {row["filepath"]: row["mean_brightness"] for row in table(result.properties)}
    # 0.299 R + 0.587 G + 0.114 B: 76.9 of (39, 80, 160), 134.2 of (200, 119, 40)
    assert brightness["b/IMG_1.JPG"] == ("77.00" if change == "content" else "134.00")


def test_result_of_a_spoilt_original_goes(indir: Path, tmp_path: Path) -> None:
    """Where an original can't be used any more, its earlier result doesn't stay in its place."""
    run(indir, tmp_path / "out")
    (indir / "b" / "IMG_1.JPG").write_text("no picture")
    settings = PreprocessSettings(trim_bottom=8, min_side=16, max_rejected=0.3)
    run(indir, tmp_path / "out", settings)
    [bad] = [row for row in rows(tmp_path / "out") if row.status is Status.REJECTED]
    assert (bad.input, bad.reason) == ("b/IMG_1.JPG", Reason.NOT_AN_IMAGE)
    assert not (tmp_path / "out" / "b" / "IMG_1.JPG").exists()


def test_other_settings_are_refused(indir: Path, tmp_path: Path) -> None:
    """Other settings on the same output are refused by name, and nothing changes."""
    run(indir, tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(OutputConflictError, match="trim_bottom = 8, and now it is 9"):
        run(indir, tmp_path / "out", PreprocessSettings(trim_bottom=9, min_side=16))
    assert tree(tmp_path / "out") == before


def test_jobs_may_differ(indir: Path, tmp_path: Path) -> None:
    """With another number of threads the run goes on, and makes the same bytes."""
    run(indir, tmp_path / "one", PreprocessSettings(trim_bottom=8, min_side=16, jobs=1))
    many = PreprocessSettings(trim_bottom=8, min_side=16, jobs=4)
    run(indir, tmp_path / "many", many)
    assert tree(tmp_path / "one") == tree(tmp_path / "many")
    assert run(indir, tmp_path / "one", many).counts.reused == 4


def test_moved_output_goes_on(indir: Path, tmp_path: Path) -> None:
    """An output folder that was moved, together with its originals, is reused in its new place."""
    run(indir, tmp_path / "out")
    (tmp_path / "new").mkdir()
    shutil.move(tmp_path / "out", tmp_path / "new" / "out")
    shutil.move(indir, tmp_path / "new" / "in")
    assert run(tmp_path / "new" / "in", tmp_path / "new" / "out").counts.reused == 4


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of 3 megapixels, 24, so that there is time to kill; two are cut off."""
    folder = tmp_path_factory.mktemp("many") / "in"
    content = encoded(hills(2048, 1536), exif=exif({DATE_TIME: "2016:07:05 14:03:09"}))
    for number in range(24):
        path = folder / f"site {number % 3}" / f"IMG_{number:02}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[:9000] if number % 10 == 7 else content)
    return folder


def killable(many: Path, out: Path) -> list[str]:
    places = ["--indir", str(many), "--outdir", str(out)]
    options = ["--jobs", "2", "--max-rejected", "0.2"]
    return [sys.executable, "-m", "autofocus", "preprocess_images", *places, *options]


def test_killed_runs_end_with_the_same_bytes(many: Path, tmp_path: Path) -> None:
    """Killed with SIGKILL at several points, or twice in a row, a run ends with the same bytes."""
    measure = noted("preprocess_images")
    points = [(1,), (6, 12)]
    check_killed_runs(lambda out: killable(many, out), tmp_path, measure, points)


def test_what_is_done_stays_done(many: Path, tmp_path: Path) -> None:
    """Started again after SIGKILL, no photograph that had been noted is written a second time."""
    out, measure = tmp_path / "out", noted("preprocess_images")
    kill_when(killable(many, out), lambda: measure(out) >= 10)
    before = touched(out)
    finish(killable(many, out))
    after = touched(out)
    kept = sum(after[path] == stamp for path, stamp in before.items())
    # More than those noted may stand by then, and are done again.
    assert kept >= 10
    assert len(after) == 22


def test_disk_that_is_full(many: Path, tmp_path: Path) -> None:
    """Where a photograph can't be written whole, none is seen in part, and one line says why."""
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *killable(many, tmp_path / "out")]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith("autofocus preprocess_images: error: File too large (")
    assert done.stderr.count("\n") == 1
    assert touched(tmp_path / "out") == {}


# The command


MEMORY = """
import resource, sys
from pathlib import Path
from autofocus.preprocess_images import COMMAND

assert COMMAND.main(sys.argv[1:]) == 0
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def peak_mib(number: int, place: Path) -> float:
    """Return the peak memory of preprocessing so many photographs."""
    folder = place / f"in{number}"
    folder.mkdir()
    first = write(place / "first.jpg", hills(1024, 768))
    for index in range(number):
        (folder / f"{index}.JPG").hardlink_to(first)
    places = ["--indir", str(folder), "--outdir", str(place / f"out{number}")]
    command = [sys.executable, "-c", MEMORY, *places, "--jobs", "2", "--min-side", "250"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_is_flat(tmp_path: Path) -> None:
    """Ten times as many photographs take no more memory: not one result is kept."""
    # One decoded photograph, at half its size, takes 0.6 MiB; 180 of them 100 MiB.
    assert peak_mib(200, tmp_path) - peak_mib(20, tmp_path) < 8


@pytest.mark.parametrize(
    ("start", "options"),
    [
        (["autofocus/preprocess_images.py"], ["--trim_bottom", "8", "--min_side=16"]),
        (["-m", "autofocus", "preprocess-images"], ["--trim-bottom", "8", "--min-side", "16"]),
        (["-m", "autofocus", "preprocess_images"], ["--trim-bottom=8", "--min_side", "16"]),
    ],
    ids=["script", "dashes", "underscores"],
)
def test_ways_to_call(indir: Path, tmp_path: Path, start: list[str], options: list[str]) -> None:
    """The script and the command, with dashes or underscores, do the same."""
    out = tmp_path / "out"
    command = [sys.executable, *start, "--indir", str(indir), "--outdir", str(out), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "preprocess_images: 4 inputs = 4 ok + 0 reused + 0 rejected\n"
        "  note: 4 of 4 images have no date and time (EXIF)\n"
        f"  properties:  {out / 'image_properties.csv'}\n"
        f"  ledger:      {out / 'ledger.csv'}\n"
    )
    run(indir, tmp_path / "called")
    assert tree(out) == tree(tmp_path / "called")
