"""Tests of the journal: what a start leaves for the next one, however it ends."""

from pathlib import Path

import pytest

from autofocus.runs.journal import Journal, Outcome, to_lines
from autofocus.runs.ledger import Reason, Row, Status, rejected


def ok(name: str, **extra: object) -> Outcome:
    return Outcome(Row(name, output=f"{name}.out"), dict(extra))


def bad(name: str) -> Outcome:
    return Outcome(rejected(name, Reason.TRUNCATED, "cut off"))


def interrupted(folder: Path, *outcomes: Outcome, torn: str = "") -> None:
    """Leave what a start that was killed after these outcomes leaves."""
    journal = Journal(folder)
    for outcome in outcomes:
        journal.append(outcome)
    journal.close()
    with (folder / "journal.new.jsonl").open("ab") as file:
        file.write(torn.encode("utf-8", errors="surrogateescape"))


def finished(folder: Path, *outcomes: Outcome) -> None:
    """Leave what a run that ended with these outcomes leaves."""
    account = folder / "account"
    account.write_text("".join(outcome.to_line() for outcome in outcomes), encoding="utf-8")
    Journal(folder).finish(account)


def earlier(folder: Path, *names: str) -> list[Outcome | None]:
    """Ask a fresh start's journal for these names."""
    journal = Journal(folder)
    found = [journal.earlier(name) for name in names]
    journal.close()
    return found


@pytest.mark.parametrize("name", ["a", 'ü !!/\u2028,"\\.JPG', "two\nlines\r", "no text\udcff"])
def test_outcome_comes_back(name: str) -> None:
    """An outcome is read from its line as it was, whatever letters its name holds."""
    outcome = Outcome(Row(name, Status.REUSED, Reason.DUPLICATE, name, name), {"x": [1, name]})
    assert Outcome.from_line(outcome.to_line()) == outcome


@pytest.mark.parametrize(
    "value", ["b", "\0", [["b"], "\0", ["c"]], '], "\0", ["', '", "\\u0000", "']
)
def test_lines_of_many_are_those_of_each(value: object) -> None:
    """Outcomes that are encoded together have the lines that each has, whatever they hold."""
    outcomes = [Outcome(Row("a", detail=str(value)), {"x": value, "y": []}), bad("b"), ok("c")]
    assert to_lines(outcomes) == [outcome.to_line() for outcome in outcomes]
    assert [Outcome.from_line(line) for line in to_lines(outcomes)] == outcomes
    assert to_lines([]) == []


def test_first_start_knows_nothing(tmp_path: Path) -> None:
    """Without earlier starts no outcome is known."""
    assert earlier(tmp_path, "a", "b") == [None, None]


def test_interrupted_start_counts_as_this_run(tmp_path: Path) -> None:
    """What an interrupted start did comes back as it was: `ok`, not `reused`."""
    interrupted(tmp_path, ok("a", size=3), ok("c"))
    assert earlier(tmp_path, "a", "b", "c", "d") == [ok("a", size=3), None, ok("c"), None]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """An outcome under a name that isn't UTF-8 is found by the next start."""
    interrupted(tmp_path, ok("a\udcff"))
    assert earlier(tmp_path, "a\udcff") == [ok("a\udcff")]


@pytest.mark.parametrize("torn", ['["b", "ok", nu', '["b\udcc3', "\0\0\0"])
def test_torn_line_is_forgotten(tmp_path: Path, torn: str) -> None:
    """The line that was being written when the run was killed is dropped, even within a letter."""
    interrupted(tmp_path, ok("a"), torn=torn)
    assert earlier(tmp_path, "a", "b") == [ok("a"), None]


def test_interrupted_starts_are_merged(tmp_path: Path) -> None:
    """Several interrupted starts add up, in order, and leave one journal."""
    interrupted(tmp_path, ok("a"), ok("d"))
    interrupted(tmp_path, ok("b"))
    interrupted(tmp_path, ok("c"), ok("e"))
    assert earlier(tmp_path, *"abcde") == [ok(name) for name in "abcde"]
    lines = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert [Outcome.from_line(line).row.input for line in lines] == list("abcde")


def test_newest_outcome_counts(tmp_path: Path) -> None:
    """Where two interrupted starts did the same input, the later one counts, once."""
    interrupted(tmp_path, ok("a", size=1), ok("b"))
    interrupted(tmp_path, ok("a", size=2))
    assert earlier(tmp_path, "a", "b") == [ok("a", size=2), ok("b")]
    assert len((tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_killed_while_merging(tmp_path: Path) -> None:
    """A start killed between merging and forgetting what was merged loses and doubles nothing."""
    interrupted(tmp_path, ok("a"), ok("b"))
    left = (tmp_path / "journal.new.jsonl").read_bytes()
    Journal(tmp_path).close()
    (tmp_path / "journal.new.jsonl").write_bytes(left)
    assert earlier(tmp_path, "a", "b") == [ok("a"), ok("b")]
    assert (tmp_path / "journal.jsonl").read_bytes() == left


def test_ended_run_is_reused(tmp_path: Path) -> None:
    """What an ended run did comes back as `reused`, with all that it noted."""
    finished(tmp_path, ok("a", size=3), ok("b"))
    [first, second] = earlier(tmp_path, "a", "b")
    assert first == Outcome(Row("a", Status.REUSED, output="a.out"), {"size": 3})
    assert second is not None
    assert second.row.status is Status.REUSED


def test_ended_run_leaves_no_journals(tmp_path: Path) -> None:
    """The end of a run puts its account in place of all journals of interrupted starts."""
    interrupted(tmp_path, ok("a"))
    interrupted(tmp_path, ok("b"))
    finished(tmp_path, ok("a"), ok("b"))
    assert [path.name for path in tmp_path.iterdir()] == ["finished.jsonl"]


def test_rejected_input_is_tried_again(tmp_path: Path) -> None:
    """What an ended run rejected is unknown to the next, so that it is tried again."""
    finished(tmp_path, bad("a"), ok("b"))
    [first, second] = earlier(tmp_path, "a", "b")
    assert first is None
    assert second is not None


def test_interrupted_start_goes_before_an_ended_run(tmp_path: Path) -> None:
    """An input done again by an interrupted start is this run's, and not reused."""
    finished(tmp_path, ok("a", size=1), ok("b"))
    interrupted(tmp_path, ok("a", size=2))
    [first, second] = earlier(tmp_path, "a", "b")
    assert first == ok("a", size=2)
    assert second is not None
    assert second.row.status is Status.REUSED


def test_outcome_is_kept_at_once(tmp_path: Path) -> None:
    """An outcome is on disk as soon as it has been appended, before anything is closed."""
    journal = Journal(tmp_path)
    journal.append(ok("a"))
    assert (tmp_path / "journal.new.jsonl").read_text(encoding="utf-8") == ok("a").to_line()
    journal.close()
