"""Regular expressions that find a value, such as a location, in the path of an image."""

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import ClassVar

from autofocus.errors import SettingError
from autofocus.runs.cameras import camera_folder

# The number of paths that a message shows.
_EXAMPLES = 3


class PathPattern:
    """Finds a value in the path of an original image, relative to the folder of the originals.

    Args:
        text: a regular expression, searched for anywhere in the path. The value is the group that
            has the kind's name, else the first group, else the whole match.

    Raises:
        SettingError: it is not a regular expression.
    """

    # What is found, which is the name of the group.
    kind: ClassVar[str]

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._expression = re.compile(text)
        except re.error as error:
            raise SettingError(
                f"{self.kind}_pattern: {text!r} is no regular expression ({error})."
            ) from None
        has_name = self.kind in self._expression.groupindex
        self._group: str | int = self.kind if has_name else min(1, self._expression.groups)

    def find(self, path: str) -> str:
        """Return the value; empty if the pattern does not match."""
        match = self._expression.search(path)
        return (match.group(self._group) or "") if match else ""

    def explain(self, value: str, originals: Collection[str]) -> SettingError:
        """Return the error of a pattern that finds the same value, or none, for all images.

        Args:
            value: what it finds; empty for nothing.
            originals: the paths of the images.
        """
        gives = f"gives the {self.kind} {value!r} for all" if value else "matches none of the"
        return SettingError(
            f"{self.kind}_pattern: {self.text!r} {gives} {len(originals):,} images: it is "
            f"searched for in paths such as {', '.join(islice(_spread(originals), _EXAMPLES))}."
        )


def _spread(paths: Iterable[str]) -> list[str]:
    """Return the first path of each camera's folder, then all others."""
    ordered = sorted(paths)
    firsts = {camera_folder(path): path for path in reversed(ordered)}
    return list(dict.fromkeys([*sorted(firsts.values()), *ordered]))
