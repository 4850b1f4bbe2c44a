"""What is printed: texts of inputs, and streams that may be closed or full."""

import io
import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autofocus import interrupts

# So much of an input is repeated in a message.
MAX_SHOWN = 100
# So much of a path that a person gave.
MAX_PATH = 300
# The last line of defence: what is that long without a blank, and so long a line.
_LONG_WORD = re.compile(rf"\S{{{MAX_SHOWN + 1},}}")
_MAX_LINE = 3_000
# What a terminal acts on: control characters, and those that change the direction of writing.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)  # fmt: skip
_CLOSED = "it is closed"


def shown(text: object, limit: int = MAX_SHOWN) -> str:
    """Return a text of an input for a message: on one line, printable, and not too long.

    Control characters, and others that a terminal might act on, are escaped.

    Args:
        text: what a person or program gave; anything that can be made a text.
        limit: the largest number of characters.
    """
    given = str(text)
    # Escapes may make it longer, never shorter: what is beyond is cut in any case.
    escaped = "".join(map(_printable, given[: limit + 1]))
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else ascii(letter)[1:-1]


def harmless(text: str) -> str:
    """Return a message, of several lines perhaps, without what a terminal would act on."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


def message(text: object) -> str:
    """Return a message that is harmless, and repeats no text that fills the screen.

    The last line of defence: what a message repeats of an input is given to `shown` already.
    """
    lines = (_LONG_WORD.sub(_shorten, line) for line in harmless(str(text)).split("\n"))
    return "\n".join(_cut(line, _MAX_LINE) for line in lines)


def _shorten(match: "re.Match[str]") -> str:
    return _cut(match[0], MAX_PATH if "/" in match[0] else MAX_SHOWN)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Device(io.RawIOBase):
    """An output that remembers its first failure, and swallows what comes after it."""

    def __init__(self, number: int, failure: OSError | None) -> None:
        super().__init__()
        self._number = number
        self._closed_before = failure
        self.failure: OSError | None = None
        self.is_muted = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, content: Any) -> int:
        view = memoryview(content)
        rest = b"" if self.is_muted or self.failure else bytes(view)
        if rest and self._closed_before is not None:
            self.failure, rest = self._closed_before, b""
        while rest:
            try:
                rest = rest[os.write(self._number, rest) :]
            except BlockingIOError:
                # A terminal or pipe that another program has set so.
                select.select([], [self._number], [])
            except OSError as error:
                self.failure, rest = error, b""
        return view.nbytes


class Output(io.TextIOWrapper):
    """Standard output or standard error: never fails, and writes nothing that a terminal acts on.

    Args:
        number: the file descriptor.
        before: the stream that Python has made of it; None if it was closed.
    """

    def __init__(self, number: int, before: "io.TextIOWrapper | None") -> None:
        closed = OSError(_CLOSED) if before is None else None
        self.device = _Device(number, closed)
        super().__init__(
            io.BufferedWriter(self.device),
            encoding=before.encoding if before else "utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )

    def write(self, text: str) -> int:
        """Write a text, with what a terminal would act on escaped."""
        return super().write(harmless(text))

    @property
    def failure(self) -> OSError | None:
        """Why something could not be written; None if everything could."""
        self.flush()
        return self.device.failure


class _Unfiltered:
    """An output for a program's own moves of a terminal's cursor."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)

    def write(self, text: str) -> int:
        return io.TextIOWrapper.write(self._output, text)


def unfiltered_stderr() -> Any:
    """Return standard error for what moves the cursor on purpose, as a progress bar does."""
    return _Unfiltered(sys.stderr) if isinstance(sys.stderr, Output) else sys.stderr


@contextmanager
def standard_streams() -> Iterator[Output | None]:
    """Replace the standard streams by such that don't fail, in a `with` block.

    Yields:
        Standard output; None where the calling program has replaced it itself.
    """
    before = sys.stdout, sys.stderr
    outputs = []
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):
            output = Output(number, stream)
            setattr(sys, name, output)
            outputs.append(output)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    stop = _muter(outputs)
    interrupts.on_stop.append(stop)
    try:
        yield outputs[0] if outputs and outputs[0].fileno() == 1 else None
    finally:
        interrupts.on_stop.remove(stop)
        for output in outputs:
            output.flush()
        sys.stdout, sys.stderr = before


def _muter(outputs: list[Output]) -> Callable[[], None]:
    def stop() -> None:
        for output in outputs:
            output.device.is_muted = True

    return stop
