"""Claims about the table of benchmarks, and about which rows are measured."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.__main__ import HERE, MODULES, Row, chosen_rows, main, measure_rows, rows
from benchmarks.measure import BenchmarkError, Comparison, Measurement
from benchmarks.results import OTHERS, Note, record, write

OURS, THEIRS = (Measurement(1, 2, 10e6),) * 3, (Measurement(2, 3, 20e6),) * 3
ONE = Comparison("copy", 30, "files", OURS, "cp", THEIRS)
NOTES = {"copy": Note("cp checks nothing.", "The floor is 2."), "move": Note()}


def table(folder: Path, *comparisons: Comparison) -> str:
    """The page of one row."""
    record("copy", comparisons, folder / "results.json")
    return write(folder / "results.json", NOTES, folder / "RESULTS.md")


def row(run: Any) -> Row:
    made: Any = SimpleNamespace(ROW="copy", NOTE=Note(), run=run)
    return made  # type: ignore[no-any-return]


def test_a_line_says_rates_ratio_goal_processor_time_and_memory(tmp_path: Path) -> None:
    """Each comparison is one line of the table."""
    assert (
        "| copy | 30 files/s | cp | 15 files/s | **2.00** (2.00 to 2.00) | ≥ 1.25 | 2.00, 3.00 "
        "| 10, 20 |" in table(tmp_path, ONE)
    )
    assert "| 1.00 s | cp | 2.00 s | **-1.00** (-1.00 to -1.00) | ≤ +0.15 s |" in table(
        tmp_path, replace(ONE, margin=0.15)
    )
    assert "| 10 MB | cp | 20 MB | **-10** (-10 to -10) | ≤ +50 MB |" in table(
        tmp_path, replace(ONE, by="peak", margin=50)
    )


def test_numbers_of_runs_are_listed_as_words(tmp_path: Path) -> None:
    """Rows that were measured one, two and three times are named in one sentence."""
    assert " 3 counted" in table(tmp_path, ONE)
    others = [replace(ONE, ours=OURS[:n], theirs=THEIRS[:n]) for n in (1, 2)]
    assert " 1, 2 or 3 counted" in table(tmp_path, ONE, *others)


def test_a_missed_goal_is_named_with_its_floor(tmp_path: Path) -> None:
    """The floor is told where a goal is missed, and only there."""
    assert "The floor" not in table(tmp_path, ONE)
    text = table(tmp_path, replace(ONE, goal=3))
    assert "Missed: copy, against cp: 2.00, the goal is ≥ 3.00." in text
    assert "The floor is 2." in text


def test_only_the_measured_rows_are_replaced(tmp_path: Path) -> None:
    """A row that is not measured again keeps what it had, and the order is that of the modules."""
    results = tmp_path / "results.json"
    record("move", [replace(ONE, what="move")], results)
    record("copy", [ONE], results)
    record("copy", [replace(ONE, peer="rsync")], results)
    text = write(results, NOTES, tmp_path / "RESULTS.md")
    assert re.findall(r"^\| (copy|move) .*?\| (cp|rsync)", text, re.MULTILINE) == [
        ("copy", "rsync"),
        ("move", "cp"),
    ]


def test_a_row_that_fails_leaves_the_others(tmp_path: Path) -> None:
    """The rows that were measured are kept, and the one that failed is named."""

    def fail(*_: Path) -> list[Comparison]:
        raise BenchmarkError("cp ended with status 1: full")

    modules = {"copy": row(fail), "move": row(lambda *_: [ONE])}
    results = tmp_path / "results.json"
    (failure,) = measure_rows(["copy", "move"], modules, results)
    assert failure == "Row 'copy' was not measured. cp ended with status 1: full"
    assert '"move"' in results.read_text()


def test_rows_are_chosen_by_name() -> None:
    """All without a name; those that are named, in the order of the table."""
    assert chosen_rows("", ["a", "b", "c"]) == ["a", "b", "c"]
    assert chosen_rows("c, a", ["a", "b", "c"]) == ["a", "c"]


def test_an_unknown_row_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is measured, and the rows that there are are named."""
    assert main(["--row", "clean,lnik"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("benchmark: error: There is no row 'lnik'. Rows: download, ")
    assert said.count("\n") == 1


def test_a_module_has_the_name_of_its_row() -> None:
    """What ROW= chooses is what the module measures, and each says what its peers leave out."""
    for name, module in rows().items():
        assert name == module.ROW
        assert module.NOTE.text


def test_other_benchmarks_and_their_pages_exist() -> None:
    """Every page of results is named in the table's page, with a command that exists."""
    for command in OTHERS:
        assert (HERE / f"{command.split()[0]}.py").is_file()
    named = re.findall(r"\((\w+\.md)\)", " ".join(OTHERS.values()))
    assert sorted(named) == sorted({page.name for page in HERE.glob("*.md")} - {"RESULTS.md"})
    assert set(MODULES) >= set(rows())
