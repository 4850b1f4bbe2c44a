"""How far the marks of files can be trusted: not blindly after the machine has gone down.

While a file has the size and the time of its mark, it counts as intact without being read. A
power cut can leave a file with both, but filled with zeros, where a disk or a network file system
does not keep the promises of `fsync`. So a stage's memory holds the boot during which it was last
written. Once the machine has been started anew, the files that were written shortly before the
end of the last run are compared by their digests, once; older ones were on the disk long before.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.runs import marks
from autofocus.runs.records import DamagedRecordError, read_record, write_record

BOOT_NAME = "boot.json"
# Systems write what they hold back within a minute; clocks of file servers differ a little.
DOUBTED_S = 600
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass
class Trust:
    """Which marks of a stage are to be checked by reading the files.

    Attributes:
        path: of the record in the stage's memory.
        scratch: a folder for unfinished files.
        boot: the machine's present boot; empty if the system doesn't tell.
        doubted_ns: files that were written since then are read; None: no file is.
    """

    path: Path
    scratch: Path
    boot: str
    doubted_ns: int | None = None

    @classmethod
    def of(cls, memory: Path, scratch: Path) -> "Trust":
        """Read the record in a stage's memory, and record the present boot.

        It must be called before anything is written into the memory.
        """
        path, boot = memory / BOOT_NAME, _boot_id()
        try:
            earlier = read_record(path, dict)
        except DamagedRecordError:
            earlier = {}
        trust = cls(path, scratch, boot)
        if earlier is None and not _was_used(memory):
            trust._write()
            return trust
        known = earlier or {}
        doubted = known.get("doubted_ns")
        if known.get("boot") != boot:
            last = _last_written(memory) - DOUBTED_S * 10**9
            doubted = min(last, doubted) if isinstance(doubted, int) else last
        trust.doubted_ns = doubted if isinstance(doubted, int) else None
        if known != trust._record:
            trust._write()
        return trust

    def settle(self) -> None:
        """Trust all marks again, as a run has checked them and ended."""
        if self.doubted_ns is not None:
            self.doubted_ns = None
            self._write()

    def check(self, path: Path, mark: marks.Mark) -> dict[str, Any] | None:
        """Return the present mark of a file that is intact; see `marks.check`."""
        return marks.check(path, mark, self.doubted_ns)

    @property
    def _record(self) -> dict[str, Any]:
        return {"boot": self.boot, "doubted_ns": self.doubted_ns}

    def _write(self) -> None:
        write_record(self.path, self._record, self.scratch)


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _was_used(memory: Path) -> bool:
    """Tell whether an earlier start has left more than its settings."""
    return any(path.name != "settings.json" for path in memory.glob("*.json*"))


def _last_written(memory: Path) -> int:
    """Return when a stage's memory was last written, in nanoseconds."""
    return max((path.stat().st_mtime_ns for path in memory.glob("*.json*")), default=0)
