"""Claims about the signals that end a command."""

import signal
import subprocess
import sys
import time

import pytest

from autofocus import interrupts
from autofocus.options.command import guarded

# One of our programs, whose main thread is in native code, where Python's handlers don't run.
STUCK = """
import hashlib, sys
sys.argv[0] = "/usr/bin/autofocus"
from autofocus.options.command import guarded
def work():
    print("ready", file=sys.stderr, flush=True)
    hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2**31 - 1)
raise SystemExit(guarded("autofocus stage_x", work))
"""

# The watching thread comes to read the signal when the server has ended.
LENT = """
import os, signal, time
from autofocus import interrupts
read = os.read
os.read = lambda *words: (read(*words), time.sleep(0.1))[0]
interrupts._runs_a_command = lambda: True
interrupts.install()
from autofocus.options.command import guarded
def work():
    with interrupts.delegated():
        signal.raise_signal(signal.SIGTERM)
    time.sleep(1)
raise SystemExit(guarded("autofocus stage_x", work))
"""


def test_a_signal_of_a_server_is_the_server_s_however_late_it_is_read() -> None:
    """A signal that a server has handled doesn't end the command after the server."""
    ended = subprocess.run(
        [sys.executable, "-c", LENT], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_native_code_keeps_no_command_alive(number: signal.Signals) -> None:
    """A command whose main thread never returns to Python ends within two seconds or so."""
    words = [sys.executable, "-c", STUCK]
    with subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(number)
        said = process.stderr.read()
        process.wait(30)
    assert process.returncode == 128 + number
    assert said == "autofocus stage_x: error: stopped; run the same command to continue\n"
    assert interrupts.GRACE_S / 2 < time.monotonic() - began < 5


def test_a_program_that_imports_the_library_keeps_its_handlers() -> None:
    """Handlers are set while a command runs in another program, and given back."""
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    within: list[object] = []

    def work() -> None:
        within.append(signal.getsignal(signal.SIGTERM))

    assert guarded("autofocus stage_x", work) == 0
    assert within != [before[1]]
    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before
    assert not interrupts.owns_process()


def test_a_stop_that_a_library_swallows_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that goes on after a signal, or makes another error of it, counts as stopped."""

    def swallow() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as error:
            raise ValueError from error

    assert guarded("autofocus stage_x", swallow) == 143
    assert capsys.readouterr().err == (
        "autofocus stage_x: error: stopped; run the same command to continue\n"
    )


def test_another_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the same command would not continue, the sentence says what to do."""

    def work() -> None:
        with interrupts.unwinding("stopped; look at the cluster."):
            signal.raise_signal(signal.SIGINT)

    assert guarded("autofocus stage_x", work) == 130
    assert capsys.readouterr().err == "autofocus stage_x: stopped; look at the cluster.\n"
