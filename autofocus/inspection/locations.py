"""How the locations of images can be told from what is there."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern
from autofocus.runs.cameras import camera_folder

# A pattern must find a location in this share of the images, and this number of locations.
_MIN_SHARE, _MIN_LOCATIONS = 0.9, 2
# A location in names of files must have this number of images on average.
_MIN_IMAGES = 3
_EXAMPLES = 3
# Names of folders that are no locations: dates, numbers, and what cameras call their folders.
_NO_LOCATION = re.compile(
    r"[\d\W_]+|DCIM|\d{3}[A-Z0-9_]{5}|check[ _-]?\d+|(?:19|20)\d\d.*|images?|photos?|fotos?",
    re.IGNORECASE,
)
# A site code before the camera's own numbering, such as SITE01 in `SITE01_IMG_0001.JPG`.
_IN_NAME = r"(?:^|/)([A-Za-z]+[ -]?[0-9]+[A-Za-z]?)[_ -][^/]*$"


@dataclass(frozen=True)
class LocationSource:
    """Where the locations are from.

    Attributes:
        kind: `pattern`, `folder`, or `unknown`.
        pattern: the regular expression; empty unless the kind is `pattern`.
        is_default: whether the pattern is the one that is used without any setting.
        matched: the number of images with a location.
        total: the number of images.
        locations: how often each location occurs.
        examples: some images and their locations.
    """

    kind: str
    pattern: str = ""
    is_default: bool = False
    matched: int = 0
    total: int = 0
    locations: Counter[str] | None = None
    examples: tuple[tuple[str, str], ...] = ()

    @property
    def number(self) -> int:
        """The number of locations."""
        return len(self.locations or ())


def find_location_source(names: Sequence[str]) -> LocationSource:
    """Return how locations can be told from the paths of images.

    Args:
        names: the originals' paths, relative to the folder of originals.
    """
    default = _try(DEFAULT_PATTERN, names)
    if default.matched >= _MIN_SHARE * default.total and default.number >= _MIN_LOCATIONS:
        return default
    if pattern := _folder_pattern(names):
        source = _try(pattern, names)
        if source.number >= _MIN_LOCATIONS:
            return source
    folders = Counter(map(camera_folder, names))
    if len(folders) >= _MIN_LOCATIONS:
        return LocationSource("folder", total=len(names), matched=len(names), locations=folders)
    in_names = _try(_IN_NAME, names)
    has_all = in_names.matched >= _MIN_SHARE * in_names.total
    if has_all and _MIN_LOCATIONS <= in_names.number <= len(names) / _MIN_IMAGES:
        return in_names
    return LocationSource("unknown", total=len(names))


def _folder_pattern(names: Sequence[str]) -> str:
    """Return a pattern for the deepest folders that may be locations; empty if those of images do.

    Below the folder of a location there may be one for each visit, or one that the camera made.
    """
    folders = [name.split("/")[:-1] for name in names]
    depths = Counter(_depth(parts) for parts in folders)
    depth, number = depths.most_common(1)[0] if depths else (0, 0)
    is_deepest = sum(len(parts) == depth for parts in folders)
    if depth == 0 or number < _MIN_SHARE * len(names) or is_deepest >= _MIN_SHARE * len(names):
        return ""
    return "^" + "[^/]+/" * (depth - 1) + "([^/]+)/"


def _depth(parts: Sequence[str]) -> int:
    """Return the number of folders down to the last one whose name may be a location's."""
    last = [depth for depth, part in enumerate(parts, 1) if not _NO_LOCATION.fullmatch(part)]
    return last[-1] if last else 0


def _try(text: str, names: Sequence[str]) -> LocationSource:
    pattern = LocationPattern(text)
    located = [(name, location) for name in names if (location := pattern.find(name))]
    first = {location: name for name, location in reversed(located)}
    examples = tuple((name, location) for location, name in list(first.items())[-_EXAMPLES:])
    return LocationSource(
        "pattern",
        text,
        text == DEFAULT_PATTERN,
        len(located),
        len(names),
        Counter(location for _, location in located),
        examples[::-1],
    )
