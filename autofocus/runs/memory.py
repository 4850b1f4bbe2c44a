"""The memory of a command that runs several stages in one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autofocus.runs.journal import same_run
from autofocus.runs.records import read_record, write_record
from autofocus.runs.workspace import HIDDEN, locked


@dataclass(frozen=True)
class RunMemory:
    """Which stages had ended when this run began.

    A stage that has ended since then was ended by this run, before it was stopped: the statuses
    in its ledger stay.

    Attributes:
        outdir: the run's folder.
        before: the state of each stage's memory when the run began.
    """

    outdir: Path
    before: dict[str, list[int]]

    @classmethod
    @contextmanager
    def of(cls, outdir: Path, name: str) -> "Iterator[RunMemory]":
        """Begin a run, or go on with one that was stopped; forget it when it has ended.

        Args:
            outdir: the run's folder.
            name: of the command.

        Raises:
            OutputConflictError: another run is writing to the folder, or its memory was damaged.
        """
        folder = outdir / HIDDEN / name
        path = folder / "begun.json"
        with locked(folder, outdir):
            before = read_record(path, dict)
            if before is None:
                before = _ended_stages(outdir)
                write_record(path, before, folder / "tmp")
            yield cls(outdir, before)
            path.unlink()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Keep the statuses of a stage that this run has ended already."""
        now = _ended_stages(self.outdir)
        if name in now and now[name] != self.before.get(name):
            with same_run():
                yield
        else:
            yield


def _ended_stages(outdir: Path) -> dict[str, list[int]]:
    """Return a stamp of the last end of each stage that has ended in a run's folder."""
    ended = {}
    for pattern in (f"{HIDDEN}/*", f"*/{HIDDEN}/*"):
        for folder in outdir.glob(pattern):
            for path in (folder / "finished.jsonl", folder / "inputs.json"):
                if path.exists():
                    status = path.stat()
                    # A stage that writes one file has that file's name behind its own.
                    ended[folder.name.split(".")[0]] = [status.st_mtime_ns, status.st_ino]
    return ended
