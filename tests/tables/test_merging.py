"""Claims about putting the tables of shards together."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.errors import AutofocusError, InputDataError, MissingInputError
from autofocus.runs.csv_files import CsvWriter
from autofocus.tables.merging import MOST_OPEN, merge_tables

COLUMNS = ["filepath", "label", "note"]


def write(path: Path, rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> Path:
    with CsvWriter(path, columns) as writer:
        writer.write_all(rows)
    return path


def text_of(folder: Path, *texts: str) -> list[Path]:
    """Write tables as they are given."""
    paths = [folder / f"{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return paths


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
keys = st.one_of(cells, st.sampled_from(["a,b.JPG", 'a"b.JPG', "a\nb.JPG", "a\rb.JPG", "Z", "a"]))
tables = st.dictionaries(keys, st.tuples(cells, cells), max_size=12).map(
    lambda found: [(key, *found[key]) for key in sorted(found)]
)


@settings(max_examples=150)
@given(tables, st.integers(1, 5), st.randoms(use_true_random=False), st.integers(0, 2))
def test_shards_become_the_whole(
    rows: list[tuple[str, ...]], number: int, random: Random, place: int
) -> None:
    """A table split at random and merged has its own bytes, whichever column is the key."""
    order = [*range(1, place + 1), 0, *range(place + 1, 3)]
    columns = [COLUMNS[each] for each in order]
    rows = [tuple(row[each] for each in order) for row in rows]
    shards: list[list[tuple[str, ...]]] = [[] for _ in range(number)]
    for row in rows:
        random.choice(shards).append(row)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = write(folder / "whole.csv", rows, columns)
        paths = [write(folder / f"{n}.csv", shard, columns) for n, shard in enumerate(shards)]
        assert merge_tables(paths, folder / "new" / "out.csv", "filepath") == len(rows)
        assert (folder / "new" / "out.csv").read_bytes() == whole.read_bytes()
        assert [path.name for path in (folder / "new").iterdir()] == ["out.csv"]


HEADER = "filepath,label\n"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([HEADER + "a,x\n", HEADER + "a,y\n"], r"1\.csv names a a second time: shards overlap"),
        ([HEADER + "a,x\nb,x\n", HEADER + "a,x\nb,x\n"], "names a a second time"),
        ([HEADER + "a,x\na,y\n"], r"0\.csv names a a second time"),
        ([HEADER, "filepath,mark\n"], r"0\.csv and .*1\.csv have different columns"),
        ([HEADER, "label,filepath\n"], "have different columns"),
        ([HEADER + "b,x\na,x\n"], r"0\.csv is not sorted at a"),
        ([HEADER, HEADER + "a,x\nZ,x\n"], r"1\.csv is not sorted at Z"),
        (["label\nx\n"], r"0\.csv lacks the column filepath; it has label"),
        ([HEADER, ""], r"1\.csv is empty"),
        ([HEADER + "a\n"], r"0\.csv, line 2: 1 cells"),
        (
            [HEADER + "a,x\n", HEADER + "b,x,x\n"],
            r"1\.csv, line 2: 3 cells",
        ),
        ([HEADER + 'a,"x\nb,x\n'], r"0\.csv, line 3: the file ends within quotation marks"),
        ([HEADER + 'a,"' + "x" * 140_000], r"0\.csv, line 2: field larger than field limit"),
        ([HEADER, "x" * 140_000 + "\n"], r"1\.csv, line 1: field larger than field limit"),
        ([HEADER + "a,\udcff\n"], r"0\.csv, line 2: not in UTF-8"),
        ([HEADER, "\udcff\n"], r"1\.csv, line 1: not in UTF-8"),
    ],
)
def test_tables_that_don_t_fit_are_told(tmp_path: Path, texts: list[str], words: str) -> None:
    """What can't be merged is one sentence that names the table, and no output is left."""
    paths = text_of(tmp_path, *texts)
    with pytest.raises(InputDataError, match=words) as told:
        merge_tables(paths, tmp_path / "out" / "out.csv", "filepath")
    assert "\n" not in str(told.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    """A table that isn't there is named, and no output is left."""
    with pytest.raises(MissingInputError, match=re.escape(f"no table {tmp_path / 'b.csv'}.")):
        merge_tables(
            [*text_of(tmp_path, HEADER), tmp_path / "b.csv"], tmp_path / "out" / "o", "filepath"
        )
    assert list((tmp_path / "out").iterdir()) == []


def test_an_earlier_output_stays_after_an_error(tmp_path: Path) -> None:
    """What stood there before is neither written over nor removed by a merge that fails."""
    (tmp_path / "out.csv").write_text("earlier")
    with pytest.raises(AutofocusError):
        merge_tables(text_of(tmp_path, HEADER + "a\n"), tmp_path / "out.csv", "filepath")
    assert (tmp_path / "out.csv").read_text() == "earlier"


def test_more_tables_than_open_files_are_merged(tmp_path: Path) -> None:
    """Hundreds of tables become the one that a single run writes, and nothing else stays."""
    rows = [(f"{number:04}.JPG", "fox", "") for number in range(3 * MOST_OPEN)]
    whole = write(tmp_path / "whole.csv", rows)
    paths = [write(tmp_path / f"{row[0]}.csv", [row]) for row in reversed(rows)]
    assert merge_tables(paths, tmp_path / "new" / "out.csv", "filepath") == len(rows)
    assert (tmp_path / "new" / "out.csv").read_bytes() == whole.read_bytes()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.csv"]
