"""Tests of stage 1 on a folder that it has written before: vanished images and damaged outputs."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from autofocus.motion.tables import drawing_paths
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.images.pictures import hills, write
from tests.killing import tree

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

SETTINGS = PreprocessSettings(trim_bottom=8, min_side=16, jobs=1)


@pytest.fixture
def indir(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for name in ("a/1.JPG", "a/2.JPG", "b/1.JPG"):
        write(folder / name, hills(48, 40))
    return folder


def test_outputs_of_vanished_images_are_removed(indir: Path, tmp_path: Path) -> None:
    """Outputs and drawings of images that are gone go, so that nobody predicts on them."""
    settings = replace(SETTINGS, motion_drawings=tmp_path / "drawn")
    preprocess_images(indir, tmp_path / "out", settings)
    (tmp_path / "out" / "b" / "mine.txt").write_text("mine")
    (tmp_path / "drawn" / "mine.txt").write_text("mine")
    (indir / "b" / "1.JPG").unlink()
    (indir / "a" / "2.JPG").unlink()
    result = preprocess_images(indir, tmp_path / "out", settings)
    assert "files whose inputs are gone, removed: 2" in result.notes
    assert set(tree(tmp_path / "drawn")) == {"a/1.jpg", "mine.txt"}
    assert {name for name in tree(tmp_path / "out") if "/" in name} == {"a/1.JPG", "b/mine.txt"}


@pytest.mark.parametrize("content", [b"", b"\0" * 100, None])
def test_a_damaged_output_is_made_again(
    indir: Path, tmp_path: Path, content: bytes | None
) -> None:
    """An output that is empty, replaced or missing is not reused, and ends with the same bytes."""
    preprocess_images(indir, tmp_path / "out", SETTINGS)
    before = tree(tmp_path / "out")
    damaged = tmp_path / "out" / "a" / "2.JPG"
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)
    counts = preprocess_images(indir, tmp_path / "out", SETTINGS).counts
    assert (counts.ok, counts.reused) == (1, 2)
    after = tree(tmp_path / "out")
    assert after | {"ledger.csv": ""} == before | {"ledger.csv": ""}


def test_a_damaged_table_of_boxes_is_made_again(indir: Path, tmp_path: Path) -> None:
    """The table of motion boxes is checked by its content, too."""
    settings = replace(SETTINGS, motion_boxes=True)
    preprocess_images(indir, tmp_path / "out", settings)
    table = tmp_path / "out" / "motion_boxes.csv"
    content = table.read_bytes()
    table.write_bytes(b"")
    preprocess_images(indir, tmp_path / "out", settings)
    assert table.read_bytes() == content


def test_an_output_of_an_earlier_version_is_reused(indir: Path, tmp_path: Path) -> None:
    """Outputs whose marks were not yet recorded are reused, unless they are empty."""
    preprocess_images(indir, tmp_path / "out", SETTINGS)
    journal = tmp_path / "out" / ".autofocus" / "preprocess_images" / "finished.jsonl"
    lines = [line.partition(', "files": ')[0] + "}]" for line in journal.read_text().splitlines()]
    journal.write_text("\n".join(lines) + "\n")
    (tmp_path / "out" / ".autofocus" / "preprocess_images" / "outputs.json").unlink()
    (tmp_path / "out" / "a" / "1.JPG").write_bytes(b"")
    counts = preprocess_images(indir, tmp_path / "out", SETTINGS).counts
    assert (counts.ok, counts.reused) == (1, 2)
    assert preprocess_images(indir, tmp_path / "out", SETTINGS).counts.reused == 3


def test_drawings_of_equal_names_keep_apart() -> None:
    """Images that differ only by extension or case have drawings of their own."""
    names = ["a.JPG", "a.jpg", "a.jpg.png", "a.png", "b.png"]
    paths = drawing_paths(names, Path("d"))
    assert paths["b.png"] == Path("d/b.jpg")
    assert paths["a.JPG"] == Path("d/a.jpg")
    assert len({str(path).casefold() for path in paths.values()}) == len(names)


def test_what_an_earlier_version_accepted_is_checked_once(indir: Path, tmp_path: Path) -> None:
    """A damaged image that was accepted is rejected, and the outputs of sound ones are kept."""
    out = tmp_path / "out"
    preprocess_images(indir, out, SETTINGS)
    journal = out / ".autofocus" / "preprocess_images" / "finished.jsonl"
    journal.write_text(journal.read_text().replace('"checked": 1, ', ""))
    damaged = indir / "a" / "1.JPG"
    stamp, content = damaged.stat(), damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2].ljust(len(content) - 2, b"\0") + b"\xff\xd9")
    os.utime(damaged, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    kept = {name: (out / name).stat().st_mtime_ns for name in ("a/2.JPG", "b/1.JPG")}
    counts = preprocess_images(indir, out, replace(SETTINGS, max_rejected=1)).counts
    assert (counts.ok, counts.reused, counts.rejected) == (2, 0, 1)
    assert kept == {name: (out / name).stat().st_mtime_ns for name in kept}
    counts = preprocess_images(indir, out, replace(SETTINGS, max_rejected=1)).counts
    assert (counts.ok, counts.reused) == (0, 2)
