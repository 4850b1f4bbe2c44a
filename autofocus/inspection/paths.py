"""How the paths in tables lead to the images: what to remove from their left, and from where on.

A table often holds paths from the computer of the person who wrote it. The longest common suffix
of a path in the table and the path of an image tells what they share.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autofocus.images.trims import spread

# Paths from which candidates are found, images compared with each, and candidates to count.
_SAMPLE, _SAME_NAME, _CANDIDATES = 2_000, 200, 20

Parts = tuple[str, ...]


@dataclass(frozen=True)
class PathMatch:
    """How paths in tables lead to images.

    Attributes:
        strip_components: the number of components to remove from the left of a path.
        folder: the folder that the rest is relative to, itself relative to the data; may be empty.
        matched: the number of paths that lead to an image.
        total: the number of paths.
        example: a path in a table, and the image that it leads to; empty if none does.
    """

    strip_components: int = 0
    folder: str = ""
    matched: int = 0
    total: int = 0
    example: tuple[str, str] = ("", "")

    @property
    def share(self) -> float:
        """The share of the paths that lead to an image, 0 to 1."""
        return self.matched / self.total if self.total else 0.0

    def index(self, names: Iterable[str]) -> dict[Parts, str]:
        """Return images by what `find` compares."""
        return {_fold(_components(name)): name for name in names}

    def find(self, path: str, images: Mapping[Parts, str]) -> str:
        """Return the image that a path leads to; empty if there is none.

        Args:
            path: a path in a table.
            images: as `index` returns them.
        """
        parts = _without_double(_components(path))[self.strip_components :]
        return images.get((*_fold(_components(self.folder)), *_fold(parts)), "")


def match_paths(paths: Iterable[str], names: Sequence[str]) -> PathMatch:
    """Return how most paths in tables lead to images, whatever the case.

    Args:
        paths: the paths in the tables, with `/` between components.
        names: the images' paths relative to the data.
    """
    # A path in a table may end in the same name twice.
    counts = Counter(_without_double(_components(path)) for path in paths)
    images = {_fold(_components(name)): name for name in names}
    best = PathMatch(total=counts.total())
    for (strip, folder), _ in _candidates(list(counts), images).most_common(_CANDIDATES):
        match = _count(counts, images, strip, folder)
        if match.matched > best.matched:
            best = match
    return best


def _candidates(paths: Sequence[Parts], images: Mapping[Parts, str]) -> Counter[tuple[int, str]]:
    """Return how often each number of components and folder fits a path best."""
    by_name: dict[str, list[Parts]] = defaultdict(list)
    for image in images:
        by_name[image[-1]].append(image)
    votes: Counter[tuple[int, str]] = Counter()
    for path in spread(paths, _SAMPLE):
        folded = _fold(path)
        same_name = by_name.get(folded[-1], [])[:_SAME_NAME] if folded else []
        lengths = {image: _common_suffix(folded, image) for image in same_name}
        longest = max(lengths.values(), default=0)
        for image, length in lengths.items():
            if length == longest:
                folder = _components(images[image])[:-length]
                votes[len(path) - length, "/".join(folder)] += 1
    return votes


def _count(
    counts: Mapping[Parts, int], images: Mapping[Parts, str], strip: int, folder: str
) -> PathMatch:
    prefix = _fold(_components(folder))
    matched, example = 0, ("", "")
    for path, number in counts.items():
        image = images.get((*prefix, *_fold(path[strip:]))) if len(path) > strip else None
        if image is not None:
            matched += number
            example = example if example[0] else ("/".join(path), image)
    return PathMatch(strip, folder, matched, sum(counts.values()), example)


def _components(path: str) -> Parts:
    return tuple(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))


def _without_double(path: Parts) -> Parts:
    is_double = path[-1:] and _fold(path[-1:]) == _fold(path[-2:-1])
    return path[:-1] if is_double else path


def _fold(path: Parts) -> Parts:
    return tuple(part.casefold() for part in path)


def _common_suffix(one: Parts, two: Parts) -> int:
    """Return the number of last components that are the same."""
    length = 0
    for first, second in zip(reversed(one), reversed(two), strict=False):
        if first != second:
            break
        length += 1
    return length
