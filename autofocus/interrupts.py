"""Ctrl-C, SIGTERM and SIGHUP: one sentence, and the end within two seconds, whatever is going on.

Python runs its handlers in the main thread and between two of its own instructions: not while
native code such as TensorFlow is at work, and an exception raised there can get lost in a library.
So in a process that runs a command of this project, a thread of its own, which the interpreter
wakes from its handler in C, says the sentence and ends the process `GRACE_S` later. Until then the
main thread unwinds, so that temporary folders are removed and servers are told. What it doesn't
get done is lost as by `kill -9`, after which the same command continues.

The package's first import calls `install`, before anything that takes time.
"""

import _thread
import atexit
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The time for unwinding (s). Imports of native code keep all threads waiting for up to 0.6 s.
GRACE_S = 1.2
# A second signal ends a longer time for unwinding; that of a whole process group isn't meant.
_SECOND_AFTER_S = 1.0
_WRITE_WITHIN_S, _SAID_WITHIN_S = 0.2, 0.4
ADVICE = "error: stopped; run the same command to continue"
# Progress bars leave the cursor behind them, and live tables hide it.
_END_OF_DISPLAY = "\n" if os.environ.get("TERM", "dumb") == "dumb" else "\x1b[?25h\n"
# A command that a signal ended has this status, and its number.
_FIRST_STATUS = 128
_PACKAGES = ("autofocus", "components", "pipelines")


class _State:
    """What is going on in this process, for the handler."""

    def __init__(self, program: str = "autofocus") -> None:
        self.program = program
        self.advice = ADVICE
        self.grace = GRACE_S
        # The number of commands that are running, one within the other.
        self.depth = 0
        # The exit status of the command that has ended.
        self.final: int | None = None
        # The first signal.
        self.number = 0
        self.is_handling = False
        self.is_raised = False
        # Taken by the thread that says the sentence; released when it has been said.
        self.once, self.unsaid = _thread.allocate_lock(), _thread.allocate_lock()
        self.unsaid.acquire()


_state = _State()
_is_program = False
# What a server's time with the signals begins and ends with, among the numbers of signals. Told in
# their order, so that a late reader does not take a signal of that time for a later one.
_LENT, _RETURNED = b"\xfe", b"\xff"
# The handlers of a program that calls one of our commands.
_before: dict[signal.Signals, object] = {}
_stderr = 2
_woken = -1
# Called after the sentence, so that nothing is written below it.
on_stop: list[Callable[[], None]] = []


def install() -> None:
    """Take the signals if this process runs one of our commands, as a program of its own."""
    global _is_program, _stderr, _woken  # noqa: PLW0603 - a process has one set of signals
    if _is_program or not _runs_a_command():
        return
    reserve_standard_streams()
    # Native code's messages are held back at times by another file in place of number 2.
    _stderr = os.dup(2)
    _is_program = True
    waiting, _woken = os.pipe()
    os.set_blocking(_woken, False)
    signal.set_wakeup_fd(_woken, warn_on_full_buffer=False)
    _thread.start_new_thread(_watch, (waiting,))
    _take(SIGNALS)


def _runs_a_command() -> bool:
    script = sys.argv[0] if sys.argv else ""
    if script == "-m":
        # Python has not replaced it by the module's path yet.
        after = [word for word in sys.orig_argv[1:] if word != "-m"]
        return any(word.removeprefix("-m").split(".")[0] in _PACKAGES for word in after[:4])
    folder, name = os.path.split(os.path.realpath(script))
    own = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 - pathlib takes a while to import
    is_component = name == "main.py" and "component" in folder
    return name == "autofocus" or folder == own or is_component


def reserve_standard_streams() -> None:
    """Open the null device in place of closed standard streams.

    Otherwise the next files that are opened would take their numbers, and what native code writes
    to its standard error would end up in them.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _take(numbers: tuple[signal.Signals, ...]) -> dict[signal.Signals, object]:
    """Set the handler, and return those before it; a signal that is ignored stays so."""
    before: dict[signal.Signals, object] = {}
    # Only the main thread may set handlers.
    with suppress(ValueError):
        for number in numbers:
            # As `nohup` and a shell's background jobs have it.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _handle)
    return before


def _handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's form
    """Say the sentence, and unwind the command; in the main thread."""
    state = _state
    if state.final is not None:
        # The work is done, and only the interpreter has to end.
        os._exit(state.final)
    if state.is_handling:
        return
    state.is_handling = True
    _announce(number)
    state.is_handling = False
    if not state.depth:
        os._exit(_FIRST_STATUS + state.number)
    if not state.is_raised:
        state.is_raised = True
        raise KeyboardInterrupt


def _watch(waiting: int) -> None:
    """Wait for a signal, and see to it that the process ends."""
    is_delegated = False
    number = 0
    while number not in SIGNALS or (is_delegated and number != signal.SIGHUP):
        read = os.read(waiting, 1)
        is_delegated = read == _LENT or (is_delegated and read != _RETURNED)
        number = read[0]
    began = time.monotonic()
    if _state.final is None:
        _announce(number)
    while (left := began + _state.grace - time.monotonic()) > 0:
        if select.select([waiting], [], [], left)[0]:
            os.read(waiting, 1)
            if time.monotonic() - began > _SECOND_AFTER_S:
                break
    os._exit(_FIRST_STATUS + number if _state.final is None else _state.final)


def _announce(signal_number: int) -> None:
    """Say the sentence once, and let nothing be written below it."""
    if not _state.once.acquire(blocking=False):
        # The other thread may have to wait for a native import to let it go on.
        if _state.unsaid.acquire(timeout=_SAID_WITHIN_S):
            _state.unsaid.release()
        return
    _state.number = signal_number
    sentence = f"{_state.program}: {_state.advice}\n"
    number = _stderr if _is_program else _number_of_stderr()
    if number is None:
        print(sentence, end="", file=sys.stderr, flush=True)
    else:
        _write(number, sentence)
    for call in on_stop:
        call()
    _state.unsaid.release()


def _number_of_stderr() -> int | None:
    with suppress(OSError, AttributeError):
        return sys.stderr.fileno()
    return None


def _write(number: int, sentence: str) -> None:
    """Write past Python's streams, in which the main thread may be at work."""
    start = _END_OF_DISPLAY if os.isatty(number) else ""
    # Perhaps nobody reads it.
    with suppress(OSError):
        if select.select([], [number], [], _WRITE_WITHIN_S)[1]:
            os.write(number, (start + sentence).encode(errors="backslashreplace"))


def begin(program: str) -> None:
    """Let signals unwind the command that begins now.

    Args:
        program: the beginning of the sentence, such as ``autofocus retrain``.
    """
    global _state, _before  # noqa: PLW0603 - a process has one set of signals
    if not _state.depth:
        _state = _State()
        _before = {} if _is_program else _take(SIGNALS)
    _state.program = program
    _state.depth += 1


def finish(status: int) -> int:
    """Record that the command has ended, and return its status; of a stopped one, its signal's.

    Args:
        status: the exit status of the command.
    """
    if _state.number:
        return end()
    _state.depth -= 1
    if not _state.depth:
        if _is_program:
            _state.final = status
        _give_back()
    return status


def end() -> int:
    """End a command that a signal has unwound.

    Returns:
        Its status; a program of its own ends here, as threads at work would keep it waiting.
    """
    if not _state.number:
        # An exception of that kind, raised by something else.
        _announce(signal.SIGINT)
    if _is_program:
        # TensorFlow removes its temporary files then.
        with suppress(BaseException):
            atexit._run_exitfuncs()
        os._exit(_FIRST_STATUS + _state.number)
    _state.depth = 0
    _give_back()
    return _FIRST_STATUS + _state.number


def owns_process() -> bool:
    """Return whether this process runs one of our commands, as a program of its own."""
    return _is_program


def is_stopping() -> bool:
    """Return whether a signal is ending this command."""
    return bool(_state.number)


def _give_back() -> None:
    for number, handler in _before.items():
        signal.signal(number, handler)  # type: ignore[arg-type] # as `getsignal` returned it


@contextmanager
def unwinding(advice: str = "", grace: float = GRACE_S) -> Iterator[None]:
    """Say something else about a stop in a `with` block, or leave more time for it.

    Args:
        advice: what to say in place of `ADVICE`, after the program's name.
        grace: the time for unwinding (s); a second signal ends it.
    """
    before = _state.advice, _state.grace
    _state.advice, _state.grace = advice or _state.advice, max(grace, _state.grace)
    try:
        yield
    finally:
        _state.advice, _state.grace = before


@contextmanager
def delegated() -> Iterator[None]:
    """Leave SIGINT and SIGTERM to a server that handles them itself, in a `with` block."""
    # The server handles these signals, and sends them once more when it has ended.
    known = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda *_: None) for one in known}
    if _is_program:
        os.write(_woken, _LENT)
    try:
        yield
    finally:
        if _is_program:
            os.write(_woken, _RETURNED)
        for one, handler in before.items():
            signal.signal(one, handler)
        if _is_program:
            # Event loops take it for themselves.
            signal.set_wakeup_fd(_woken, warn_on_full_buffer=False)
