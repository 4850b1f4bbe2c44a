"""Ctrl-C, SIGTERM and SIGHUP at random moments, in every command."""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.interrupts import GRACE_S
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.commands import VARYING, Line, World, world
from tests.killing import tree

PART = "Signals"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SENTENCE = "stopped"
# The promise is two seconds; another is for a machine with other things to do.
WITHIN_S = 3.0
# A second Ctrl-C in a row comes within this time (s).
SECOND_WITHIN_S = 0.4
# Of commands that wait for a server, and of those that take longer.
LONGEST_S = 8.0
MASK = 1 << (signal.SIGTERM - 1)


@dataclass
class Target:
    """A command that is stopped again and again, in one output folder, until it gets done.

    Attributes:
        line: the command.
        out: its folder of outputs.
        seconds: how long it takes.
        whole: what it writes when nothing stops it; None if it never ends by itself.
    """

    line: Line
    out: Path
    seconds: float
    whole: dict[str, str] | None


def measure(line: Line, place: World, out: Path) -> Target:
    """Run a command to its end, and return it as a target."""
    began = time.monotonic()
    done = place.run(line.at(out))
    seconds = time.monotonic() - began
    if done.returncode not in line.statuses:
        raise RuntimeError(f"{line.name}: {done.stderr}")
    whole = tree(out) if out.is_dir() else {}
    shutil.rmtree(out, ignore_errors=True)
    return Target(line, out, min(seconds, LONGEST_S), whole)


def wait_until_handled(process: "subprocess.Popen[bytes]") -> None:
    """Wait until the command has set its handlers: what comes before is the interpreter's."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:  # noqa: PTH123
            caught = next((line for line in file if line.startswith("SigCgt")), "SigCgt: 0")
        if int(caught.split()[1], 16) & MASK:
            return
        time.sleep(0.001)


def stop(target: Target, place: World, chance: random.Random) -> Trial | None:
    """Stop a command at a random moment; None if it ended before."""
    number, moment = chance.choice(SIGNALS), chance.uniform(0, target.seconds)
    pause = chance.uniform(0, SECOND_WITHIN_S) if chance.random() < 0.3 else None
    name = f"{target.line.name}, {number.name} after {moment:.3f} s"
    name += "" if pause is None else f" and again after {pause:.3f} s"
    temporary = place.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    with place.start(target.line.at(target.out), TMPDIR=str(temporary)) as process:
        wait_until_handled(process)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        began = time.monotonic()
        if pause is not None and process.poll() is None:
            time.sleep(pause)
            process.send_signal(number)
        try:
            said = process.communicate(timeout=60)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            return Trial(name, "it didn't end within a minute")
        took = time.monotonic() - began
    left = sorted(path.name for path in temporary.iterdir())
    shutil.rmtree(temporary)
    if process.returncode in target.line.statuses:
        # Done, or a server that ends in its own way.
        return None if SENTENCE not in said else Trial(name, f"status 0, but: {said}")
    if process.returncode == -number and target.whole is not None and SENTENCE not in said:
        # Done as well: the interpreter gives the signals back before it ends.
        return None
    return Trial(name, _problem(process.returncode, said, took, number, left) or _visible(target))


def _problem(status: int, said: str, took: float, number: int, left: Sequence[str]) -> str:
    if status != 128 + number:
        return f"status {status}: {said}"
    if "Traceback" in said or "Exception ignored" in said:
        return said
    last = said.splitlines()[-1] if said else ""
    if SENTENCE not in last:
        return f"it said {said!r}"
    # What a command doesn't get done in its time is left, as by `kill -9`.
    if left and took < GRACE_S:
        return f"it left {left} in the temporary folder"
    return f"it took {took:.1f} s" if took > WITHIN_S else ""


def _visible(target: Target) -> str:
    """Return which files that no whole run makes are visible, as unfinished ones."""
    if target.whole is None or not target.out.is_dir():
        return ""
    visible = [path for path in tree(target.out) if not path.startswith(".")]
    more = sorted(set(visible) - set(target.whole))
    return f"it left {more[:3]}" if more else ""


def continue_to_the_end(target: Target, place: World) -> Trial:
    """Run a command that was stopped often to its end."""
    done = place.run(target.line.at(target.out))
    if done.returncode not in target.line.statuses:
        name = f"{target.line.name}, continued"
        return Trial(name, f"status {done.returncode}: {done.stderr}")
    return compare(target)


def compare(target: Target) -> Trial:
    """Compare what a command has made, that was stopped often, with what a whole run makes."""
    made = tree(target.out) if target.out.is_dir() else {}
    whole = target.whole or {}
    other = [path for path in {*made, *whole} if made.get(path) != whole.get(path)]
    wrong = sorted(path for path in other if not any(word in path for word in VARYING))
    problem = f"these differ from a whole run: {wrong[:5]}" if wrong else ""
    return Trial(f"{target.line.name}, continued", problem)


def stop_many(
    lines: Sequence[Line], place: World, number: int, chance: random.Random
) -> Iterator[Trial]:
    """Stop commands in turn, so many times in all; then run each to its end."""
    targets = [measure(line, place, place.folder / f"o{n}") for n, line in enumerate(lines)]
    tried = 0
    while tried < number:
        for target in targets:
            trial = stop(target, place, chance)
            if trial is None:
                yield compare(target)
                shutil.rmtree(target.out, ignore_errors=True)
            else:
                tried += 1
                yield trial
    for target in targets:
        yield continue_to_the_end(target, place)


def light(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Stop commands that start fast, most of them amid their imports."""
    with world(folder) as place:
        lines = place.lines() if scale.full else place.lines()[1:5:3]
        yield from stop_many(lines, place, scale.count(4, 150), scale.random("light"))


def heavy(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Stop commands that load packages in native code, and train."""
    with world(folder, with_model=scale.full) as place:
        lines = place.lines()[-4:] if scale.full else place.lines()[-1:]
        yield from stop_many(lines, place, scale.count(2, 40), scale.random("heavy"))


def waiting(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Stop commands that wait for a server."""
    chance = scale.random("waiting")
    with world(folder, with_model=scale.full) as place:
        lines = place.waiting_lines()
        targets = [Target(line, folder / f"o{n}", 5.0, None) for n, line in enumerate(lines)]
        for _ in range(scale.count(1, 8)):
            for target in targets:
                trial = stop(target, place, chance)
                yield trial or Trial(f"{target.line.name}, ended well")


ATTACKS = (
    Attack("a command is stopped at a random moment", light),
    Attack("training or prediction is stopped at a random moment", heavy),
    Attack("a command that waits for a server is stopped", waiting),
)
