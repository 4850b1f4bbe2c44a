"""What an attack is: trials of one kind of fault, each with what it showed."""

import importlib
import pkgutil
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from tests.attack import parts


@dataclass(frozen=True)
class Scale:
    """How much to try.

    Attributes:
        full: whether this is the long form, and not that of `make test`.
        seed: of all random choices.
    """

    full: bool = False
    seed: int = 0

    def count(self, short: int, full: int) -> int:
        """Return the number of trials of the short or of the long form."""
        return full if self.full else short

    def random(self, name: str) -> random.Random:
        """Return a source of random numbers that is the same in each run.

        Args:
            name: what it is for; another name gives other numbers.
        """
        # Python's own hashes of texts differ between runs.
        return random.Random(crc32(name.encode()) ^ self.seed)  # noqa: S311 - no secret


@dataclass(frozen=True)
class Trial:
    """One fault, tried once.

    Attributes:
        name: enough to try it again.
        problem: what went wrong; empty if the outcome is right.
    """

    name: str
    problem: str = ""


@dataclass(frozen=True)
class Attack:
    """Trials of one kind of fault.

    Attributes:
        fault: the kind, as it stands in the table, such as `an object is cut short`.
        trials: yields the trials; it is given the scale, and an empty folder to work in.
    """

    fault: str
    trials: Callable[[Scale, Path], Iterator[Trial]]


@dataclass
class Count:
    """What came of an attack.

    Attributes:
        tried: the number of trials.
        failed: those with a wrong outcome.
    """

    tried: int = 0
    failed: list[Trial] = field(default_factory=list)


def names() -> list[str]:
    """Return the names of all parts."""
    return sorted(module.name for module in pkgutil.iter_modules(parts.__path__))


def load(part: str) -> tuple[str, tuple[Attack, ...]]:
    """Return the title and the attacks of a part, by the name of its module."""
    module = importlib.import_module(f"{parts.__name__}.{part}")
    return module.PART, tuple(module.ATTACKS)


def run(attack: Attack, scale: Scale, folder: Path) -> Count:
    """Run all trials of an attack in an empty folder."""
    count = Count()
    for trial in attack.trials(scale, folder):
        count.tried += 1
        if trial.problem:
            count.failed.append(trial)
    return count


def run_timed(part: str, number: int, scale: Scale) -> tuple[Count, float]:
    """Run an attack in a folder of its own, and return what came of it, and the seconds.

    Args:
        part: the name of its module.
        number: of the attack in the module.
        scale: how much to try.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as folder:
        count = run(load(part)[1][number], scale, Path(folder))
    return count, time.monotonic() - began
