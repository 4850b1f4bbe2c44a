r"""Which image an entry of a file from elsewhere is of, by its path.

A file may name images relative to another folder than that of the images here, or with the letter
of a disk, with `\` between components, or in another spelling.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autofocus.runs.spelling import fold_path, index_folded


@dataclass(frozen=True)
class PathMatch:
    """The entry of each image that has one.

    Attributes:
        rows: the number of the entry, by the image's name.
        repeated: the number of images of which the same path has several entries; the first
            counts.
        ambiguous: the number of images that several paths could be of; none counts.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    ambiguous: int = 0


def fold_file(path: str) -> str:
    """Return what all spellings of a path have in common, with `/` between its components."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return fold_path("/".join(parts))


def match_paths(files: Sequence[str], names: Collection[str]) -> PathMatch:
    """Find the entry of each image.

    As many components are removed from the left of the files' paths as most images are found
    with. If several paths are of the same image then, the files of one folder count, that with
    the most images. If nothing is found, the paths may be relative to a folder below that of the
    images, or these to a folder beside it; then names of files alone don't match.

    Args:
        files: the paths of the entries, from `fold_file`.
        names: the images' paths, with `/` between components.
    """
    known = index_folded(names)
    match = _best(_find(files, one, known) for one in _shorten(files))
    if match.ambiguous:
        folder = _best_folder(files, known.__contains__)
        inside = [file if _is_in(file, folder) else "" for file in files]
        match = _find(inside, [file[len(folder) :] for file in inside], known)
    if match.rows:
        return match
    given = set(files)
    if folder := _best_folder(known, given.__contains__):
        below = {path[len(folder) :]: name for path, name in known.items() if _is_in(path, folder)}
        return _find(files, files, below)
    depth = max((path.count("/") for path in known), default=0)
    beside = [_shorten_names(known, number) for number in range(1, depth)]
    return _best(_find(files, one, shorter) for shorter in beside for one in _shorten(files))


def _best(candidates: Iterable[PathMatch]) -> PathMatch:
    """Return the first one of those with the most images."""
    return max(candidates, key=lambda one: len(one.rows) + one.ambiguous, default=PathMatch())


def _shorten(files: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the paths, then those without their first component, and so on."""
    while any(files):
        yield files
        files = [file.partition("/")[2] for file in files]


def _shorten_names(known: Mapping[str, str], number: int) -> dict[str, str]:
    """Return images by their paths without some components, if a folder and one image are left."""
    shorter = [("/".join(path.split("/")[number:]), name) for path, name in known.items()]
    counts = Counter(path for path, _ in shorter)
    return {path: name for path, name in shorter if "/" in path and counts[path] == 1}


def _find(files: Sequence[str], shorter: Sequence[str], known: Mapping[str, str]) -> PathMatch:
    """Return the entries whose shorter paths are those of images.

    Args:
        files: the whole paths, shape (N,).
        shorter: the paths to compare, shape (N,); empty for those that don't count.
        known: the images by their paths.
    """
    rows: dict[str, int] = {}
    repeated: set[str] = set()
    ambiguous: set[str] = set()
    for row, path in enumerate(shorter):
        name = known.get(path)
        if name is None:
            continue
        first = rows.setdefault(name, row)
        if first != row:
            (repeated if files[first] == files[row] else ambiguous).add(name)
    for name in ambiguous:
        del rows[name]
    return PathMatch(rows, len(repeated - ambiguous), len(ambiguous))


def _best_folder(paths: Iterable[str], is_wanted: Callable[[str], bool]) -> str:
    """Return the folder, with `/` at its end, relative to which most paths are wanted.

    Empty if no path is, or those of several folders equally.
    """
    counts: Counter[str] = Counter()
    for path in set(paths):
        at = path.find("/") + 1
        while at:
            if is_wanted(path[at:]):
                counts[path[:at]] += 1
            at = path.find("/", at) + 1
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def _is_in(path: str, folder: str) -> bool:
    return bool(folder) and path.startswith(folder)
