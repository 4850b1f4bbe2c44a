"""Progress of long work: a bar on a terminal, otherwise a line every 15 seconds."""

import os
import sys
import time

from autofocus.options.printing import unfiltered_stderr

LINE_EVERY_S = 15.0


class Progress:
    """Shows progress, rate and remaining time on standard error.

    Args:
        what: a description of the work, such as ``preprocess_images``.
        total: the number of units.
        unit: the name of a unit, such as ``image``.
    """

    def __init__(self, what: str, total: int, unit: str = "image") -> None:
        # Only here: a command that ends at once does without it.
        from tqdm import tqdm

        self._terminal = _is_terminal()
        self._next_line = time.monotonic() + LINE_EVERY_S
        self._has_begun = False
        self._bar = tqdm(
            total=total,
            desc=what,
            unit=f" {unit}",
            dynamic_ncols=True,
            # Off a terminal the bar only keeps the count and the rate; `_line` prints.
            disable=False,
            file=unfiltered_stderr() if self._terminal else _Nowhere(),
            mininterval=0.2,
        )

    def advance(self, number: int = 1) -> None:
        """Count units as done.

        The rate and the remaining time are those since the first call: what comes before it,
        such as the start of TensorFlow, is not the time of a unit.
        """
        if self._has_begun:
            self._bar.update(number)
        else:
            self._begin(number)
        if not self._terminal and time.monotonic() >= self._next_line:
            self._line()

    def _begin(self, number: int) -> None:
        self._has_begun = True
        self._bar.n += number
        self._bar.initial = self._bar.last_print_n = self._bar.n
        self._bar.start_t = self._bar.last_print_t = time.time()
        self._bar.refresh()

    def _line(self) -> None:
        self._next_line = time.monotonic() + LINE_EVERY_S
        print(str(self._bar), file=sys.stderr, flush=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
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
