"""Tests of the ledger and its counts."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError, TooManyRejectedError
from autofocus.runs.ledger import (
    Counts,
    LedgerWriter,
    Reason,
    Row,
    Share,
    Status,
    count,
    ledger_beside,
    read_ledger,
    rejected,
)

ROWS = [
    Row('a/ b!!,"ü.JPG', output='a/ b!!,"ü.JPG'),
    Row("b", Status.REUSED, output="b"),
    rejected("c", Reason.TRUNCATED, "two\nlines"),
    rejected("Icon\r", Reason.NOT_AN_IMAGE),
]


def write(path: Path, rows: list[Row] = ROWS) -> Counts:
    writer = LedgerWriter(path, "stage_x")
    for row in rows:
        writer.write(row)
    writer.close()
    return writer.counts


def test_rows_come_back(tmp_path: Path) -> None:
    """Rows are read as they were written, whatever letters their names hold."""
    write(tmp_path / "ledger.csv")
    assert list(read_ledger(tmp_path / "ledger.csv")) == [("stage_x", row) for row in ROWS]


def test_file_is_plain_csv(tmp_path: Path) -> None:
    """The file has one header and one line a row, with the columns' names and line feeds."""
    write(tmp_path / "ledger.csv", [ROWS[1], rejected("c", Reason.TRUNCATED, "cut off")])
    assert (tmp_path / "ledger.csv").read_bytes() == (
        b"stage,input,status,reason,detail,output\n"
        b"stage_x,b,reused,,,b\n"
        b"stage_x,c,rejected,truncated,cut off,\n"
    )


def test_name_that_is_no_text(tmp_path: Path) -> None:
    """A file name that isn't UTF-8 is written with its bytes escaped, and costs no run."""
    write(tmp_path / "ledger.csv", [rejected("a\udcff", Reason.UNREADABLE)])
    [(_, row)] = read_ledger(tmp_path / "ledger.csv")
    assert row.input == "a\\udcff"


def test_counts_add_up(tmp_path: Path) -> None:
    """Inputs are ok + reused + rejected, by the writer's count and by the file's."""
    written = write(tmp_path / "ledger.csv")
    assert (written.inputs, written.ok, written.reused, written.rejected) == (4, 1, 1, 2)
    assert written == count(read_ledger(tmp_path / "ledger.csv"))


def test_counts_as_a_line() -> None:
    """The account is one line in which the sum can be checked, reasons in order."""
    counts = Counts()
    counts.add(Status.OK, number=3)
    counts.add(Status.REJECTED, Reason.TRUNCATED)
    counts.add(Status.REJECTED, Reason.EMPTY_FILE, number=2)
    assert str(counts) == ("6 inputs = 3 ok + 0 reused + 3 rejected (empty_file 2, truncated 1)")


def counts_of(ok: int, **reasons: int) -> Counts:
    counts = Counts()
    counts.add(Status.OK, number=ok)
    for reason, number in reasons.items():
        counts.add(Status.REJECTED, Reason(reason), number)
    return counts


def test_too_many_rejected() -> None:
    """Above the share the run ends with the numbers, the reasons and the ledger's place."""
    with pytest.raises(TooManyRejectedError) as caught:
        counts_of(8, truncated=2, empty_file=1).check(0.2, Path("o/ledger.csv"))
    assert str(caught.value) == (
        "3 of 11 inputs were rejected (truncated 2, empty_file 1), more than the share of 0.2 "
        "that --max-rejected allows: see o/ledger.csv."
    )


@pytest.mark.parametrize(
    ("ok", "bad", "share"), [(71, 29, 0.29), (9, 1, 0.1), (0, 5, 1.0), (5, 0, 0.0)]
)
def test_share_itself_is_allowed(ok: int, bad: int, share: float) -> None:
    """A run in which just the allowed share is rejected passes, rounding errors aside."""
    counts_of(ok, truncated=bad).check(share, Path("ledger.csv"))


def test_one_more_than_the_share() -> None:
    """One input more than the allowed share is too many."""
    with pytest.raises(TooManyRejectedError):
        counts_of(70, truncated=30).check(0.29, Path("ledger.csv"))


def test_none_allowed() -> None:
    """With a share of 0 a single rejected input is too many."""
    with pytest.raises(TooManyRejectedError):
        counts_of(10**6, truncated=1).check(0.0, Path("ledger.csv"))


def test_harmless_reasons_do_not_count() -> None:
    """What is expected in sound data doesn't end a run, however much of it there is."""
    counts_of(1, apple_double=9).check(0.1, Path("ledger.csv"))
    with pytest.raises(TooManyRejectedError, match="1 of 11 inputs was rejected"):
        counts_of(1, apple_double=9, truncated=1).check(0.01, Path("ledger.csv"))


def test_rejections_of_an_earlier_stage_do_not_count_again() -> None:
    """Neither the inputs nor the rejections of the stage before are this stage's share."""
    earlier = [rejected("a", Reason.TRUNCATED), rejected("b", Reason.APPLE_DOUBLE)]
    counts = counts_of(7, truncated=2, apple_double=1)
    assert counts.share(earlier) == Share(8, {"truncated": 1})


def test_no_inputs_pass_the_check() -> None:
    """Of no inputs no share is too large."""
    Counts().check(0.0, Path("ledger.csv"))


def test_ledger_of_a_file() -> None:
    """A stage that writes one file keeps its ledger beside it, under that file's name."""
    assert ledger_beside(Path("o/clean.csv")) == Path("o/clean.ledger.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"filepath,date\na,b\n",
        b"filepath,date\n",
        b"stage,input,status,reason,detail,output\ns,a,ok\n",
        b"stage,input,status,reason,detail,output\ns,a,fine,,,\n",
        b"stage,input,status,reason,detail,output\ns,a,rejected,bad_mood,,\n",
        b"stage,input,status,reason,detail,output\ns,\xff,ok,,,\n",
        b"stage,input,status,reason,detail,output\ns," + b"a" * 200_000 + b",ok,,,\n",
    ],
)
def test_no_ledger(tmp_path: Path, content: bytes) -> None:
    """A file that is no ledger, or no whole one, is refused by its path."""
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputDataError, match=r"x\.csv"):
        list(read_ledger(tmp_path / "x.csv"))
