"""Claims about measuring commands against each other."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.measure import (
    BenchmarkError,
    Comparison,
    Measurement,
    Task,
    as_json,
    compare,
    from_json,
    has_files,
    has_lines,
    measure,
)

BURN = "import time\nwhile time.process_time() < 0.3: pass"
SLOW = (Measurement(2, 2, 20e6), Measurement(6, 2, 20e6))
FAST = (Measurement(1, 1, 10e6), Measurement(2, 1, 10e6))
ONE = Comparison("work", 10, "things", FAST, "peer", SLOW)


def python(script: str, name: str = "task", reports: bool = False) -> Task:
    return Task(name, [sys.executable, "-c", script], reports=reports)


def test_the_processor_time_of_child_processes_counts() -> None:
    """A command that leaves its work to another process took that process's CPU seconds."""
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"
    assert measure(python(script)).cpu >= 0.3


def test_the_peak_is_the_commands_own() -> None:
    """The memory of the process that measures is not that of the command."""
    held = bytearray(300_000_000)
    peak = measure(python("held = bytearray(60_000_000)")).peak
    assert 60e6 < peak < 150e6 < len(held)


def test_a_command_may_measure_its_work_itself() -> None:
    """The seconds on the last line that it prints are used, without its start."""
    took = measure(python("""print("start"); print('{"wall": 7, "cpu": 5}')""", reports=True))
    assert (took.wall, took.cpu) == (7, 5)
    assert took.peak > 1e6


def test_a_failed_command_is_not_measured() -> None:
    """The status and the end of what it said are in the error, unless it was to end so."""
    with pytest.raises(BenchmarkError, match="task ended with status 3: no disk"):
        measure(python("import sys; print('no disk', file=sys.stderr); sys.exit(3)"))
    ended = python("import sys; sys.exit(3)")
    assert measure(replace(ended, status=3)).cpu > 0


def test_work_that_was_not_done_is_not_measured(tmp_path: Path) -> None:
    """A command that ends well, but has not made its files, fails the benchmark."""
    (tmp_path / "1.txt").write_text("a\nb\n")
    has_files(tmp_path, "*.txt", 1)()
    has_lines(tmp_path / "1.txt", 2)()
    with pytest.raises(BenchmarkError, match="1 of 2 files"):
        measure(replace(python(""), check=has_files(tmp_path, "*.txt", 2)))
    with pytest.raises(BenchmarkError, match="2 of 3 lines"):
        has_lines(tmp_path / "1.txt", 3)()


def test_commands_run_in_turn_after_a_round_that_is_not_counted(tmp_path: Path) -> None:
    """A B, then A B for each counted run, each in the state that `prepare` makes."""
    log = tmp_path / "log"
    tasks = [
        replace(python(f"open({str(log)!r}, 'a').write({name!r})", name), prepare=log.touch)
        for name in "AB"
    ]
    (one,) = compare("work", 10, "things", tasks[0], tasks[1:], runs=2)
    assert log.read_text() == "ABABAB"
    assert len(one.ours) == len(one.theirs) == 2
    assert one.peer == "B"


def test_the_ratio_is_the_median_of_pairs() -> None:
    """Each of our runs is compared with the peer's run beside it."""
    assert ONE.ratios == [2, 3]
    assert ONE.ratio == 2.5
    assert replace(ONE, by="cpu").ratios == [2, 2]
    assert replace(ONE, peer_units=5).ratios == [4, 6]


@pytest.mark.parametrize(("goal", "margin", "met"), [
    (2.5, None, True), (2.6, None, False), (9, -10, True), (9, -11, False),
])  # fmt: skip
def test_a_goal_is_a_ratio_or_a_margin(goal: float, margin: float | None, met: bool) -> None:
    """A ratio is to be reached; a margin (here of MB) is not to be exceeded."""
    assert replace(ONE, by="cpu" if margin is None else "peak").ratio
    one = ONE if margin is None else replace(ONE, by="peak")
    assert replace(one, goal=goal, margin=margin).is_met is met


def test_a_comparison_is_kept_whole() -> None:
    """What is read from JSON is what was written."""
    assert from_json(as_json(ONE)) == ONE
