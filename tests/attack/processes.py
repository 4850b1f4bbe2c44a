"""Commands in processes of their own, which start at once and can be killed at any moment.

A server process has imported what the stages need; each command runs in a fork of it.
"""

import contextlib
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# A command that is not done by then hangs.
TIMEOUT_S = 120.0
LIGHT = (
    "autofocus.cli",
    "autofocus.clean_detections",
    "autofocus.download_images",
    "autofocus.export",
    "autofocus.import_corrections",
    "autofocus.init",
    "autofocus.link_images_by_label",
    "autofocus.preprocess_images",
    "pandas",
    "boto3",
    "av",
)
HEAVY = (*LIGHT, "autofocus.label", "tensorflow")


@dataclass(frozen=True)
class Ended:
    """A command that has ended.

    Attributes:
        status: its exit status; that of a signal is negative.
        stdout: what it printed.
        stderr: what it reported, without the progress of stages.
        seconds: how long it took.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float

    def fault(self, *statuses: int) -> str:
        """Return what is wrong with how it ended; empty if nothing is.

        Args:
            statuses: the exit statuses that are right. All but 0 come with one sentence.
        """
        if self.status is HUNG:
            return "it hangs"
        if "Traceback" in self.stderr:
            return f"a traceback: {self.stderr[-300:]}"
        if self.status not in statuses:
            return f"status {self.status}: {self.stderr[-300:]}"
        sentences = [line for line in self.stderr.splitlines() if ": error: " in line]
        if self.status and len(sentences) != 1:
            return f"no sentence: {self.stderr[-300:]!r}"
        return ""


HUNG = -1000


def start_server(modules: Sequence[str] = LIGHT) -> None:
    """Say what the server of forks imports; it is started with the first command."""
    get_context("forkserver").set_forkserver_preload(list(modules))


def run(
    words: Sequence[str | Path],
    log: Path,
    *,
    kill_after_s: float | None = None,
    largest_file: int | None = None,
) -> Ended:
    """Run `autofocus` with these words in a process of its own.

    Args:
        words: the command and its options.
        log: a path for files of what it prints.
        kill_after_s: when it is killed with SIGKILL, unless it ends before.
        largest_file: the size that no file that it writes can exceed, in bytes.
    """
    began = time.monotonic()
    process: Any = get_context("forkserver").Process(
        target=_main, args=([str(word) for word in words], log, dict(os.environ), largest_file)
    )
    process.start()
    process.join(TIMEOUT_S if kill_after_s is None else kill_after_s)
    status = process.exitcode
    if status is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        status = -signal.SIGKILL if kill_after_s is not None else HUNG
    process.close()
    printed, reported = (_read(log.with_suffix(ending)) for ending in (".out", ".err"))
    return Ended(status, printed, reported, time.monotonic() - began)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _main(
    words: list[str], log: Path, environment: dict[str, str], largest_file: int | None
) -> None:
    os.environ.update(environment)
    for stream, ending in ((1, ".out"), (2, ".err")):
        descriptor = os.open(log.with_suffix(ending), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, stream)
    # Those of a server that was started elsewhere.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    from autofocus.cli import main

    try:
        status: Any = main(words)
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(int(status or 0))


def moments(source: random.Random, seconds: float, number: int) -> list[float]:
    """Return moments at which a command that takes so long is killed."""
    return [source.uniform(0.02, max(0.05, seconds)) for _ in range(number)]
