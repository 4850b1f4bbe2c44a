"""Progress of long work: a bar on a terminal, otherwise a line every 15 seconds."""

import os
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from autofocus.options.printing import unfiltered_stderr

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_EVERY_S = 15.0


class Progress:
    """Shows progress, rate and remaining time on standard error.

    Args:
        what: a description of the work, such as ``preprocess_images``.
        total: the number of units.
        unit: the name of a unit, such as ``image``.
    """

    def __init__(self, what: str, total: int, unit: str = "image") -> None:
        self._what, self._total, self._unit = what, total, unit
        self._is_terminal = _is_terminal()
        self._next_line = time.monotonic() + LINE_EVERY_S
        self._has_begun, self._begun_at = False, 0.0
        self._count = self._first_count = 0
        # A run without a terminal that ends before the first line does without tqdm, whose import
        # takes part of the start.
        self._bar = self._make_bar() if self._is_terminal else None

    def _make_bar(self) -> "tqdm[NoReturn]":
        # Only here: a command that ends at once does without it.
        from tqdm import tqdm

        return tqdm(
            total=self._total,
            desc=self._what,
            unit=f" {self._unit}",
            dynamic_ncols=True,
            # Off a terminal the bar only keeps the count and the rate; `_line` prints.
            disable=False,
            file=unfiltered_stderr() if self._is_terminal else _Nowhere(),
            mininterval=0.2,
        )

    def advance(self, number: int = 1) -> None:
        """Count units as done.

        The rate and the remaining time are those since the first call: what comes before it,
        such as the start of TensorFlow, is not the time of a unit.
        """
        self._count += number
        if not self._has_begun:
            self._has_begun, self._begun_at = True, time.time()
            self._first_count = self._count
            if self._bar is not None:
                self._adjust(self._bar)
                self._bar.refresh()
        elif self._bar is not None:
            self._bar.update(number)
        if not self._is_terminal and time.monotonic() >= self._next_line:
            self._line()

    def _adjust(self, bar: "tqdm[NoReturn]") -> None:
        """Let a new bar know what was done before, and since when."""
        bar.initial = self._first_count
        bar.n = bar.last_print_n = self._count
        bar.start_t, bar.last_print_t = self._begun_at, time.time()

    def _line(self) -> None:
        self._next_line = time.monotonic() + LINE_EVERY_S
        if self._bar is None:
            self._bar = self._make_bar()
            self._adjust(self._bar)
        print(str(self._bar), file=sys.stderr, flush=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _is_terminal() -> bool:
    # Some containers' terminals say that they have no columns: a bar on them would be empty.
    return sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0


class _Nowhere:
    """A file that swallows what is written to it."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
