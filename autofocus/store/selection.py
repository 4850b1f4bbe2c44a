"""Which of a bucket's objects to download."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from autofocus.images.names import IMAGE_FORMATS
from autofocus.runs.sharding import Shards, shard_number
from autofocus.store.keys import path_of
from autofocus.store.listing import StoredObject


class ObjectKind(str, Enum):
    """The kind of an object, by its key."""

    IMAGE = "image"
    TABLE = "table"
    ARCHIVE = "tar file"
    FOLDER = "folder"
    OTHER = "other file"


_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_TABLES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".yaml", ".yml", ".xls", ".xlsx", ".parquet"}


def kind_of(key: str) -> ObjectKind:
    """Return the kind of an object."""
    name = key.rpartition("/")[2].lower()
    if not name:
        return ObjectKind.FOLDER
    # What macOS keeps beside a file is not an image, whatever its extension.
    if name.startswith("._"):
        return ObjectKind.OTHER
    if name.endswith(_ARCHIVES):
        return ObjectKind.ARCHIVE
    if _suffix(name.removesuffix(".gz")) in _TABLES:
        return ObjectKind.TABLE
    return ObjectKind.IMAGE if has_image_name(name) else ObjectKind.OTHER


def has_image_name(key: str) -> bool:
    """Tell whether a key has an image's extension, as the companion files of macOS have, too."""
    return _suffix(key.rpartition("/")[2].lower()) in IMAGE_FORMATS


def _suffix(name: str) -> str:
    stem, dot, end = name.rpartition(".")
    return dot + end if stem else ""


@dataclass(frozen=True)
class Selection:
    """The objects to download.

    Attributes:
        chosen: in the order of the listing.
        left_out: the numbers of objects left out, by reason.
    """

    chosen: Sequence[StoredObject]
    left_out: dict[str, int] = field(default_factory=dict)

    def keep(self, reason: str, is_chosen: Callable[[StoredObject], bool]) -> "Selection":
        """Leave out objects, and count them under a reason."""
        chosen = [item for item in self.chosen if is_chosen(item)]
        number = len(self.chosen) - len(chosen)
        return Selection(chosen, self.left_out).with_left_out(reason, number)

    def with_left_out(self, reason: str, number: int) -> "Selection":
        """Count more objects under a reason for leaving them out."""
        return Selection(self.chosen, self.left_out | ({reason: number} if number else {}))


def select(
    objects: Sequence[StoredObject],
    *,
    download_tar: bool = False,
    sample: int = 0,
    shard: Shards | None = None,
) -> Selection:
    """Choose what to download.

    Args:
        objects: all objects.
        download_tar: whether to include tar files.
        sample: only tables and this many images; 0: all objects.
        shard: only these shards of the images; all other objects are in shard 0.
    """
    selection = Selection(objects)
    if not download_tar:
        selection = selection.keep(
            "tar files left out (--download-tar brings them)",
            lambda item: kind_of(item.key) is not ObjectKind.ARCHIVE,
        )
    if sample:
        images = [item.key for item in objects if kind_of(item.key) is ObjectKind.IMAGE]
        picked = set(spread(images, sample))
        rest = {ObjectKind.TABLE, ObjectKind.ARCHIVE}
        selection = selection.keep(
            "left out as outside the sample",
            lambda item: item.key in picked or kind_of(item.key) in rest,
        )
    if shard is not None:
        selection = selection.keep(
            "left to other shards",
            lambda item: shard.has_number(shard_number_of(item.key, shard.of)),
        )
    return selection


def shard_number_of(key: str, of: int) -> int:
    """Return the number of the shard that an object is in: 0 unless it is an image.

    Args:
        key: the object's key.
        of: the number of all shards.
    """
    # By its path: keys that are one path must be in one shard, where that is noticed.
    return shard_number(path_of(key), of) if kind_of(key) is ObjectKind.IMAGE else 0


def spread(keys: Sequence[str], number: int) -> list[str]:
    """Pick keys, spread evenly over the folders and within each.

    The shares of two folders that have enough keys differ by at most one.

    Args:
        keys: in rising order.
        number: the number to pick; all keys if there are fewer.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        folders[key.rpartition("/")[0]].append(key)
    shares = _shares([len(inside) for inside in folders.values()], number)
    return [
        inside[index]
        for inside, share in zip(folders.values(), shares, strict=True)
        for index in _even(len(inside), share)
    ]


def _shares(counts: Sequence[int], number: int) -> list[int]:
    """Give each folder the same share, or all it has, and spread the rest over larger ones."""
    level = _level(counts, number)
    shares = [min(count, level) for count in counts]
    larger = [index for index, count in enumerate(counts) if count > level]
    rest = min(number, sum(counts)) - sum(shares)
    for index in _even(len(larger), rest):
        shares[larger[index]] += 1
    return shares


def _level(counts: Sequence[int], number: int) -> int:
    left = number
    for rank, count in enumerate(sorted(counts)):
        unfilled = len(counts) - rank
        if count * unfilled > left:
            return left // unfilled
        left -= count
    return max(counts, default=0)


def _even(length: int, number: int) -> list[int]:
    """Return evenly spaced indices of a sequence, half a step from its ends."""
    return [(2 * step + 1) * length // (2 * number) for step in range(number)]
