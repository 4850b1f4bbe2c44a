"""Claims about columns of text."""

import os
import subprocess
import sys

import polars as pl
import pytest

from autofocus.runs.spelling import fold_path
from autofocus.tables import matching
from autofocus.tables.texts import find_distinct, fold_paths, put, sorted_distinct, strip

CELLS = ["b", "a", "", "b", "\u00e9", "a"]


def test_distinct_cells_are_in_the_order_in_which_they_occur() -> None:
    """Each cell has the place of its value; the most frequent value is counted first."""
    found = find_distinct(pl.Series(CELLS))
    assert found.values == ["b", "a", "", "\u00e9"]
    assert found.restore().to_list() == CELLS
    assert list(found.by_count()) == ["b", "a", "", "\u00e9"]
    assert sorted_distinct(pl.Series(CELLS)).values == ["", "a", "b", "\u00e9"]


def test_blanks_of_any_kind_are_stripped() -> None:
    """The ends of a cell are as `str.strip` leaves them."""
    cells = [" a", "b\u00a0", "\x1cc\u2029", "d", "", "\u3000 \x85"]
    assert strip(pl.Series(cells)).to_list() == [cell.strip() for cell in cells]


def test_texts_are_found_in_others_by_place() -> None:
    """Each text has the place of its equal; one that isn't there has none."""
    known, wanted = pl.Series(["c", "a", "b"]), pl.Series(["a", "x", "c", "a", "b"])
    assert matching._find(known, wanted).to_list() == [1, -1, 0, 1, 2]
    assert matching._find(known.clear(), wanted).to_list() == [-1] * 5
    assert matching._find(known, wanted.clear()).to_list() == []


def test_folded_paths_are_those_of_fold_path() -> None:
    """Plain paths and others are folded alike."""
    paths = ["A/B.JPG", "a b/C .jpg", "Fore\u0302t/x", "\uff21/y", "a\tb/c", "\u212a"]
    assert fold_paths(pl.Series(paths)).to_list() == list(map(fold_path, paths))


def test_other_cells_leave_the_column_as_it_is() -> None:
    """A column that others hold, too, does not change."""
    column = pl.Series(CELLS)
    assert put(column, [0, 1], ["x", "y"]).to_list()[:2] == ["x", "y"]
    assert column.to_list() == CELLS


def test_texts_with_the_same_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wanted text is never taken for another one."""
    monkeypatch.setattr(pl.Series, "hash", lambda column: column.str.len_bytes())
    found = matching._find(pl.Series(["ab", "cd", "e"]), pl.Series(["cd", "xy", "e", "z"]))
    assert found.to_list() == [1, -1, 2, -1]


@pytest.mark.parametrize("number", ["0", "many"])
def test_an_unusable_number_of_threads_is_not_used(number: str) -> None:
    """Polars works whatever the environment gives for the number of its threads."""
    code = (
        "from autofocus.tables.texts import load_polars\n"
        "print(load_polars().DataFrame({'a': ['y', 'x']}).sort('a')['a'].to_list())"
    )
    environment = {**os.environ, "POLARS_MAX_THREADS": number}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "['x', 'y']\n", "")
