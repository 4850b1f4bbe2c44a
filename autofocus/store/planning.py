"""The plan of a download: reported and checked before it starts."""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autofocus.errors import OutputConflictError
from autofocus.store.keys import path_of
from autofocus.store.listing import StoredObject
from autofocus.store.selection import ObjectKind, Selection, kind_of

# Files take up whole blocks, commonly of this size.
_BLOCK_BYTES = 4096
_THOUSAND = 1000


@dataclass(frozen=True)
class Plan:
    """The plan of a download.

    Attributes:
        chosen: the objects to fetch.
        left_out: the numbers of objects left out, by reason.
        missing: the objects of `chosen` without a file of their size in the folder.
    """

    chosen: Sequence[StoredObject]
    left_out: dict[str, int]
    missing: Sequence[StoredObject]

    @classmethod
    def of(cls, selection: Selection, folder: Path) -> "Plan":
        """Compare the objects to fetch with the folder."""
        chosen = selection.chosen
        missing = chosen
        if folder.exists():
            missing = [item for item in chosen if not _seems_there(folder, item)]
        return cls(selection.chosen, selection.left_out, missing)

    def without_images(self) -> "Plan":
        """Return the plan of a download of all other files."""
        missing = [item for item in self.missing if kind_of(item.key) is not ObjectKind.IMAGE]
        return replace(self, missing=missing)

    @property
    def disk_bytes(self) -> int:
        """The disk space that the missing objects need."""
        return sum(-(-item.size // _BLOCK_BYTES) * _BLOCK_BYTES for item in self.missing)

    def __str__(self) -> str:
        """Return the plan in one line."""
        parts = [_summary(self.chosen)]
        if len(self.missing) < len(self.chosen):
            parts.append(f"left to fetch: {_summary(self.missing)}")
        return "; ".join([*parts, *self.notes()])

    def notes(self) -> list[str]:
        """Return what is left out, and why, and what may be out of reach."""
        return [
            *(f"{why}: {number:,}" for why, number in self.left_out.items()),
            *self._archived(),
        ]

    def _archived(self) -> list[str]:
        tiers = Counter(item.storage_class for item in self.chosen if item.is_archived)
        if not tiers:
            return []
        each = ", ".join(f"{tier} {number:,}" for tier, number in sorted(tiers.items()))
        return [f"objects in archive tiers, to be restored first: {tiers.total():,} ({each})"]

    def by_kind(self) -> list[str]:
        """Return the number of objects to fetch of each kind."""
        counts = Counter(kind_of(item.key).value for item in self.chosen)
        return [f"{kind}: {number:,}" for kind, number in sorted(counts.items())]


def _seems_there(folder: Path, item: StoredObject) -> bool:
    try:
        status = os.stat(f"{folder}/{path_of(item.key)}")  # noqa: PTH116 - faster, per object
    except (OSError, ValueError):  # no such file, or no such name
        return False
    return status.st_size == item.size or item.key.endswith("/")


def _summary(objects: Sequence[StoredObject]) -> str:
    noun = "object" if len(objects) == 1 else "objects"
    return f"{len(objects):,} {noun}, {readable_size(sum(item.size for item in objects))}"


def readable_size(number: float) -> str:
    """Return a number of bytes in a readable unit, such as ``1.2 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < _THOUSAND:
            return f"{number:.0f} bytes" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= _THOUSAND
    return f"{number:.1f} TB"


def check_space(folder: Path, needed: int) -> None:
    """Check that a folder's disk has room for more bytes; the folder need not exist.

    Raises:
        OutputConflictError: it can't.
    """
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise OutputConflictError(
            f"{readable_size(needed)} are left to fetch, but {folder}'s disk has only "
            f"{readable_size(free)} free: free some, choose another --local-folder, or fetch less "
            "with --prefix, --sample or --shard."
        )
