"""What there is to fetch, said and checked before it starts."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import OutputConflictError
from autofocus.store.listing import StoredObject
from autofocus.store.selection import Selection, sort_of

# A file takes up whole blocks of a disk, commonly of this size.
_BLOCK_BYTES = 4096
_THOUSAND = 1000


@dataclass(frozen=True)
class Plan:
    """What there is to fetch.

    Attributes:
        chosen: the objects to take.
        left_out: how many were not taken, by what to say about them.
        missing: those of `chosen` that aren't in the folder in their size.
    """

    chosen: Sequence[StoredObject]
    left_out: dict[str, int]
    missing: Sequence[StoredObject]

    @classmethod
    def of(cls, selection: Selection, folder: Path) -> "Plan":
        """Compare the objects to take with what is in the folder."""
        missing = [item for item in selection.chosen if not _seems_there(folder, item)]
        return cls(selection.chosen, selection.left_out, missing)

    @property
    def disk_bytes(self) -> int:
        """What the missing objects will take up on the disk."""
        return sum(-(-item.size // _BLOCK_BYTES) * _BLOCK_BYTES for item in self.missing)

    def __str__(self) -> str:
        """Return the plan in one line."""
        parts = [_account(self.chosen)]
        if len(self.missing) < len(self.chosen):
            parts.append(f"left to fetch: {_account(self.missing)}")
        return "; ".join([*parts, *self.notes()])

    def notes(self) -> list[str]:
        """Say what was left out, and why."""
        return [f"{why}: {number:,}" for why, number in self.left_out.items()]

    def by_sort(self) -> list[str]:
        """Say how many objects of each sort there are to take."""
        counts = Counter(sort_of(item.key).value for item in self.chosen)
        return [f"{sort}: {number:,}" for sort, number in sorted(counts.items())]


def _seems_there(folder: Path, item: StoredObject) -> bool:
    try:
        status = (folder / item.key).stat()
    except (OSError, ValueError):  # no such file, or no such name
        return False
    return status.st_size == item.size or item.key.endswith("/")


def _account(objects: Sequence[StoredObject]) -> str:
    noun = "object" if len(objects) == 1 else "objects"
    return f"{len(objects):,} {noun}, {readable_size(sum(item.size for item in objects))}"


def readable_size(number: float) -> str:
    """Return a number of bytes as people read it, such as ``1.2 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < _THOUSAND:
            return f"{number:.0f} bytes" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= _THOUSAND
    return f"{number:.1f} TB"


def check_space(folder: Path, needed: int) -> None:
    """Make sure that a folder's disk can hold so many bytes more; the folder need not be there.

    Raises:
        OutputConflictError: it can't.
    """
    standing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(standing).free
    if needed > free:
        raise OutputConflictError(
            f"{readable_size(needed)} are left to fetch, but {folder}'s disk has only "
            f"{readable_size(free)} free: make room, choose another --local-folder, or take less "
            "with --prefix, --sample or --shard."
        )
