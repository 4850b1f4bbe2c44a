"""The location of an image, inferred from its path."""

import re
from collections.abc import Sequence
from dataclasses import replace

from autofocus.errors import SettingError
from autofocus.grouping.frames import Frame

# The sites of the Lincoln Park Zoo in names of files and folders: D03-AMP1 in
# `images_2016/D03-AMP1/IMG_0037.JPG` and in `CHIL - D03-AMP1-JU16_00037.JPG`, without the code of
# the season, JU16.
DEFAULT_PATTERN = r"(?<![A-Za-z0-9])(?P<location>[A-Z]\d{2}-[A-Z]{3}\d{1,2})(?![A-Za-z0-9])"


class LocationPattern:
    """Finds the location in a path.

    Args:
        text: a regular expression, searched for anywhere in the path. The location is its group
            `location`, else its first group, else the whole match.

    Raises:
        SettingError: it is not a regular expression.
    """

    def __init__(self, text: str = DEFAULT_PATTERN) -> None:
        self.text = text
        try:
            self._expression = re.compile(text)
        except re.error as error:
            raise SettingError(
                f"location_pattern: {text!r} is no regular expression ({error})."
            ) from None
        has_name = "location" in self._expression.groupindex
        self._group: str | int = "location" if has_name else min(1, self._expression.groups)

    def find(self, path: str) -> str:
        """Return the location; empty if the pattern does not match."""
        match = self._expression.search(path)
        return (match.group(self._group) or "") if match else ""


def fill_in(frames: Sequence[Frame]) -> list[Frame]:
    """Give frames without a location that of their folder, if its other frames all have the same.

    A folder is one deployment of one camera, so this finds the location of images that were
    renamed.

    Returns:
        The frames in the same order.
    """
    known: dict[str, set[str]] = {}
    for frame in frames:
        if frame.location:
            known.setdefault(frame.camera, set()).add(frame.location)
    only = {camera: next(iter(places)) for camera, places in known.items() if len(places) == 1}
    return [
        frame if frame.location else replace(frame, location=only.get(frame.camera, ""))
        for frame in frames
    ]
