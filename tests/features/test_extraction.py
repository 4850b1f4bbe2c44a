"""Claims about the features of all images of a folder."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.features.crop import Crop
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.runs.items import process
from autofocus.runs.ledger import Reason, Row, Status, read_ledger
from autofocus.runs.workspace import Workspace
from tests.features.small import picture, small_backbone

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
