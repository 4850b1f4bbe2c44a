"""Which of a bucket's objects to take."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from autofocus.images.names import IMAGE_FORMATS
from autofocus.runs.sharding import Shard
from autofocus.store.listing import StoredObject


class Sort(str, Enum):
    """What an object seems to be, by its key."""

    IMAGE = "image"
    TABLE = "table"
    ARCHIVE = "tar file"
    FOLDER = "folder"
    OTHER = "other file"


_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_TABLES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".yaml", ".yml", ".xls", ".xlsx", ".parquet"}


def sort_of(key: str) -> Sort:
    """Tell what an object seems to be."""
    name = key.rpartition("/")[2].lower()
    if not name:
        return Sort.FOLDER
    # What macOS keeps beside a file is no picture, whatever its name.
    if name.startswith("._"):
        return Sort.OTHER
    if name.endswith(_ARCHIVES):
        return Sort.ARCHIVE
    if _suffix(name.removesuffix(".gz")) in _TABLES:
        return Sort.TABLE
    return Sort.IMAGE if has_image_name(name) else Sort.OTHER


def has_image_name(key: str) -> bool:
    """Tell whether a key ends like an image's; that of macOS's companion of one does, too."""
    return _suffix(key.rpartition("/")[2].lower()) in IMAGE_FORMATS


def _suffix(name: str) -> str:
    stem, dot, end = name.rpartition(".")
    return dot + end if stem else ""


@dataclass(frozen=True)
class Selection:
    """The objects to take.

    Attributes:
        chosen: in the order of the listing.
        left_out: how many were not taken, by what to say about them.
    """

    chosen: Sequence[StoredObject]
    left_out: dict[str, int] = field(default_factory=dict)

    def keep(self, why_not: str, wanted: Callable[[StoredObject], bool]) -> "Selection":
        """Leave out all that aren't wanted, and remember how many and why."""
        chosen = [item for item in self.chosen if wanted(item)]
        number = len(self.chosen) - len(chosen)
        return Selection(chosen, self.left_out).with_left_out(why_not, number)

    def with_left_out(self, why_not: str, number: int) -> "Selection":
        """Remember how many more objects were left out, and why."""
        return Selection(self.chosen, self.left_out | ({why_not: number} if number else {}))


def select(
    objects: Sequence[StoredObject],
    *,
    download_tar: bool = False,
    sample: int = 0,
    shard: Shard | None = None,
) -> Selection:
    """Choose what to take.

    Args:
        objects: all objects.
        download_tar: whether to take tar files.
        sample: take tables and this many images alone; 0 takes all.
        shard: take this part of the images alone; all that is no image is of part 0.
    """
    selection = Selection(objects)
    if not download_tar:
        selection = selection.keep(
            "tar files left out (--download-tar brings them)",
            lambda item: sort_of(item.key) is not Sort.ARCHIVE,
        )
    if sample:
        images = [item.key for item in objects if sort_of(item.key) is Sort.IMAGE]
        picked = set(spread(images, sample))
        rest = {Sort.TABLE, Sort.ARCHIVE}
        selection = selection.keep(
            "left out as outside the sample",
            lambda item: item.key in picked or sort_of(item.key) in rest,
        )
    if shard is not None:
        selection = selection.keep("left to other shards", lambda item: _is_of(shard, item.key))
    return selection


def _is_of(shard: Shard, key: str) -> bool:
    return shard.has(key) if sort_of(key) is Sort.IMAGE else shard.number == 0


def spread(keys: Sequence[str], number: int) -> list[str]:
    """Pick so many keys, spread evenly over the folders and within each.

    No folder gives two more than another that has as many to give.

    Args:
        keys: in rising order.
        number: how many; all where there are fewer.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        folders[key.rpartition("/")[0]].append(key)
    shares = _shares([len(inside) for inside in folders.values()], number)
    return [
        inside[place]
        for inside, share in zip(folders.values(), shares, strict=True)
        for place in _even(len(inside), share)
    ]


def _shares(counts: Sequence[int], number: int) -> list[int]:
    """Fill all folders to the same level, like water, and spread the rest over the larger ones."""
    level = _level(counts, number)
    shares = [min(count, level) for count in counts]
    larger = [place for place, count in enumerate(counts) if count > level]
    rest = min(number, sum(counts)) - sum(shares)
    for place in _even(len(larger), rest):
        shares[larger[place]] += 1
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
    """Return so many places of a row, evenly apart and as far from its ends."""
    return [(2 * step + 1) * length // (2 * number) for step in range(number)]
