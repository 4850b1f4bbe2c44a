"""Tests of the progress of long work."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time

import pytest

from autofocus.runs import progress
from autofocus.runs.progress import Progress


def work(total: int = 3) -> None:
    with Progress("stage_x", total, "photo") as shown:
        for _ in range(total):
            shown.advance()


def test_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off a terminal a whole line is printed on standard error whenever it is time."""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    work()
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert [line.split("|")[0] for line in lines] == [
        "stage_x:  33%",
        "stage_x:  67%",
        "stage_x: 100%",
    ]
    assert "3/3" in lines[-1]
    assert "\r" not in output.err
    assert output.out == ""


def test_few_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Off a terminal a log isn't flooded: within the first seconds nothing is printed."""
    work(10_000)
    assert capsys.readouterr().err == ""


def on_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a terminal that wide is sent while the work goes on."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        work()
        os.write(theirs, b"end")
        drawn = b""
        while not drawn.endswith(b"end"):
            drawn += os.read(ours, 1000)
    os.close(ours)
    return drawn.decode()


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar is drawn over itself, with name, count and unit."""
    drawn = on_terminal(80, monkeypatch)
    assert "\rstage_x: 100%" in drawn
    assert "3/3" in drawn
    assert "photo/s" in drawn


def test_lines_on_a_terminal_without_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal that doesn't know its width, as in some containers, lines are printed."""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    drawn = on_terminal(0, monkeypatch)
    assert [line.split("|")[0] for line in drawn.splitlines()] == [
        "stage_x:  33%",
        "stage_x:  67%",
        "stage_x: 100%",
        "end",
    ]


def test_the_rate_begins_with_the_first_unit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes before the first unit, such as the start of TensorFlow, counts as no unit."""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with Progress("stage_x", 1000, "photo") as shown:
        time.sleep(0.5)
        shown.advance(10)
        time.sleep(0.05)
        shown.advance(10)
    first, second = capsys.readouterr().err.splitlines()
    assert "10/1000" in first
    assert "20/1000" in second
    assert float(second.split(",")[1].split("photo")[0]) > 100


def test_the_first_line_counts_what_was_done_before_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off a terminal the first line tells the count and the rate since the first unit."""
    with Progress("stage_x", 1000, "photo") as shown:
        shown.advance(10)
        time.sleep(0.2)
        shown.advance(10)
        monkeypatch.setattr(shown, "_next_line", 0.0)
        shown.advance(10)
    (line,) = capsys.readouterr().err.splitlines()
    assert "30/1000" in line
    # 20 units in at least 0.2 seconds, and in less than 20.
    assert 1 < float(line.split(",")[1].split("photo")[0]) <= 100


def test_a_short_run_off_a_terminal_needs_no_bar() -> None:
    """Off a terminal a run that ends before its first line does not import tqdm."""
    script = (
        "import sys; from autofocus.runs.progress import Progress\n"
        "with Progress('stage_x', 3) as shown: shown.advance(3)\n"
        "assert 'tqdm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stderr=subprocess.PIPE)
