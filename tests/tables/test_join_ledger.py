"""Claims about the ledger of a join, written in blocks of rows that are mostly alike."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autofocus.runs.ledger import LedgerWriter
from autofocus.tables import join_ledger
from autofocus.tables.image_rows import FILE, NUMBER
from autofocus.tables.join_ledger import JoinLedger
from autofocus.tables.records import ROW

DETAILS = ("", "", "no date: a,b", 'say "x"', "\x02", "line\nbreak")


def write_ledger(path: Path, images: Sequence[str], tables: Sequence[str], seed: int) -> bytes:
    """Return a ledger of detections, some of them rejected, and of images, some without any."""
    source, number = random.Random(seed), 40  # noqa: S311 - of tables
    files = sorted(source.choices(range(len(tables)), k=number))
    numbers = source.choices(range(-1, len(images)), k=number)
    reasons = np.array([0 if at >= 0 and source.random() < 0.7 else 2 for at in numbers], np.uint8)
    rows = pl.DataFrame(
        {FILE: files, ROW: range(number), NUMBER: numbers},
        schema={FILE: pl.UInt32, ROW: pl.Int32, NUMBER: pl.Int32},
    )
    details = np.array(source.choices(DETAILS, k=number), object)
    ledger = JoinLedger(
        rows, tables, reasons, details, pl.Series(images), "../images/", is_split=False
    )
    writer = LedgerWriter(path, "clean_detections")
    ledger.write(writer)
    writer.close()
    assert writer.counts.inputs == number + len(images)
    return path.read_bytes()


@pytest.mark.parametrize("odd", ["e.jpg", "e\x01.jpg", "e\x02.jpg", "e,.jpg", 'e".jpg', "e\r.jpg"])
@pytest.mark.parametrize("tables", [["a.csv"], ["a.csv", "b.csv"], ["a\x01.csv", "b,.csv"]])
def test_lines_that_are_mostly_alike_are_as_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str, tables: list[str]
) -> None:
    """Rows that differ by name and path alone are written as each of them would be."""
    monkeypatch.setattr(join_ledger, "_ROWS", 7)
    images = [f"a/{number}.jpg" for number in range(20)] + [odd]
    quick = [write_ledger(tmp_path / "l.csv", images, tables, seed) for seed in range(5)]
    monkeypatch.setattr(join_ledger, "_plain_lines", lambda *_: None)
    assert quick == [write_ledger(tmp_path / "l.csv", images, tables, seed) for seed in range(5)]
