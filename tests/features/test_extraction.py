"""Claims about the features of all images of a folder."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.features import extraction
from autofocus.features.crop import Crop
from autofocus.features.embedding_cache import NOTES_NAME, EmbeddingCache, NoteCache
from autofocus.features.extraction import Extractor
from autofocus.images.reading import DecodedImage, read_image
from autofocus.localization.cameras import Camera
from autofocus.runs import files
from autofocus.runs.items import process
from autofocus.runs.ledger import Reason, Row, Status, read_ledger
from autofocus.runs.workspace import Workspace
from tests.features.small import picture, small_backbone
from tests.localization.bright import BrightDetector

FIRST, SECOND = "fox/1.PNG", "fox/2.PNG"


@pytest.fixture
def extractor(tmp_path: Path) -> Iterator[Extractor]:
    """An extractor for a folder with two images."""
    backbone, _ = small_backbone()
    for number, name in enumerate((FIRST, SECOND), start=1):
        picture(tmp_path / "images" / name, 50 * number, 200)
    with EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        yield Extractor(tmp_path / "images", backbone, cache, 1)


def extract(extractor: Extractor, *names: str) -> dict[str, Row]:
    """Extract all features, and return the rows of the ledger."""
    folder = extractor.image_dir.parent / "model"
    with Workspace(folder, "retrain", {}) as workspace:
        process(extractor.items(names), workspace, folder / "ledger.csv", jobs=1)
    return {row.input: row for _, row in read_ledger(folder / "ledger.csv")}


def write_nothing(pipe: Path) -> None:
    with suppress(OSError):
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def test_a_link_to_nowhere_is_a_rejected_row(extractor: Extractor) -> None:
    """A dangling link costs one row, and the other images are used."""
    (extractor.image_dir / "fox/link.PNG").symlink_to("gone.PNG")
    rows = extract(extractor, FIRST, SECOND, "fox/link.PNG")
    assert rows["fox/link.PNG"].reason is Reason.IMAGE_MISSING
    assert rows["fox/link.PNG"].detail == "a link to a file that is not there"
    assert rows[FIRST].status is rows[SECOND].status is Status.OK


def test_an_image_that_vanishes_after_the_listing_is_a_rejected_row(extractor: Extractor) -> None:
    """A file that was listed and can't be found when its turn comes is reported as missing."""
    rows = extract(extractor, FIRST, "fox/gone.PNG")
    assert rows["fox/gone.PNG"].reason is Reason.IMAGE_MISSING
    assert rows["fox/gone.PNG"].detail == "there is no such file"


def test_an_image_that_vanishes_before_a_restart_is_a_rejected_row(extractor: Extractor) -> None:
    """What an earlier start recorded of a file does not hide that the file is gone."""
    assert extract(extractor, FIRST, SECOND)[SECOND].status is Status.OK
    (extractor.image_dir / SECOND).unlink()
    rows = extract(extractor, FIRST, SECOND)
    assert rows[FIRST].status is Status.REUSED
    assert rows[SECOND].reason is Reason.IMAGE_MISSING


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are Unix files")
def test_a_pipe_is_a_rejected_row(extractor: Extractor) -> None:
    """A pipe with an image's ending is not waited for."""
    pipe = extractor.image_dir / "fox/pipe.PNG"
    os.mkfifo(pipe)
    # Ends the wait of a reader, so that a failure doesn't hang.
    writer = threading.Timer(5, write_nothing, [pipe])
    writer.start()
    rows = extract(extractor, FIRST, "fox/pipe.PNG")
    writer.cancel()
    assert rows["fox/pipe.PNG"].reason is Reason.UNREADABLE
    assert rows["fox/pipe.PNG"].detail == "no plain file"


def test_an_image_that_vanishes_during_the_training_is_one_sentence(extractor: Extractor) -> None:
    """A crop can't be made of a file that was there at first: the error names it."""
    extract(extractor, FIRST)
    (extractor.image_dir / FIRST).unlink()
    with pytest.raises(InputDataError, match=r"1\.PNG has changed or is gone .* start again"):
        extractor.extract({"another key": (FIRST, Crop())}, "features")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The images that are decoded."""
    paths: list[Path] = []

    def read(path: Path) -> DecodedImage:
        paths.append(path)
        return read_image(path)

    monkeypatch.setattr(extraction, "read_image", read)
    return paths


def test_what_a_view_does_not_show_is_not_embedded(extractor: Extractor) -> None:
    """Without a need for whole frames, facts are found, and nothing goes through the network."""
    lean = replace(extractor, whole_frames=False)
    rows = extract(lean, FIRST, SECOND)
    assert rows[FIRST].status is rows[SECOND].status is Status.OK
    assert len(lean.cache.known) == 0
    assert len(lean.notes.notes) == 2
    assert extract(lean, FIRST, SECOND)[FIRST].status is Status.REUSED
    # With another view, they are needed after all.
    extract(extractor, FIRST, SECOND)
    assert len(lean.cache.known) == 2


def test_one_decoding_gives_facts_boxes_and_embedding(
    extractor: Extractor, reads: list[Path], tmp_path: Path
) -> None:
    """Another backbone finds facts and boxes in the cache, which doesn't depend on it."""
    detector = BrightDetector()
    with NoteCache(tmp_path / "cache" / NOTES_NAME) as store:
        full = replace(extractor, store=store, detector=detector)
        extract(full, FIRST, SECOND)
        digests = {name: files.digest_file(full.image_dir / name) for name in (FIRST, SECOND)}
        camera = Camera(full.image_dir, "", (), digests, {})
        boxes = full.detections(detector, camera)
    assert (len(reads), detector.images, len(full.cache.known)) == (2, 2, 2)
    assert {name: len(found) for name, found in boxes.items()} == {FIRST: 1, SECOND: 1}
    with (
        NoteCache(tmp_path / "cache" / NOTES_NAME) as store,
        EmbeddingCache(tmp_path / "cache", "others", "1" * 64, 6) as cache,
    ):
        other = replace(full, cache=cache, store=store, whole_frames=False)
        (tmp_path / "model").rename(tmp_path / "earlier")
        extract(other, FIRST, SECOND)
        assert other.detections(detector, camera) == boxes
    assert (len(reads), detector.images) == (2, 2)


def test_facts_that_an_earlier_version_stored_are_used(
    extractor: Extractor, reads: list[Path], tmp_path: Path
) -> None:
    """They lie with the embeddings: no image is decoded for them once more."""
    extract(extractor, FIRST, SECOND)
    with NoteCache(tmp_path / "cache" / NOTES_NAME) as store:
        (tmp_path / "model").rename(tmp_path / "earlier")
        extract(replace(extractor, store=store), FIRST, SECOND)
    assert len(reads) == 2
