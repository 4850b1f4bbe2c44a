"""The location of an image: from a table, from its path, or its folder."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from autofocus.grouping.frames import Frame
from autofocus.grouping.patterns import PathPattern
from autofocus.runs.cameras import camera_folder
from autofocus.runs.spelling import fold_name
from autofocus.runs.wording import plural

# The sites of the Lincoln Park Zoo in names of files and folders: D03-AMP1 in
# `images_2016/D03-AMP1/IMG_0037.JPG` and in `CHIL - D03-AMP1-JU16_00037.JPG`, without the code of
# the season, JU16.
DEFAULT_PATTERN = r"(?<![A-Za-z0-9])(?P<location>[A-Z]\d{2}-[A-Z]{3}\d{1,2})(?![A-Za-z0-9])"
# The number of folders that a message shows.
_EXAMPLES = 3


class LocationPattern(PathPattern):
    """Finds the location in the path of an original image.

    Args:
        text: a regular expression, searched for anywhere in the path. The location is its group
            `location`, else its first group, else the whole match.

    Raises:
        SettingError: it is not a regular expression.
    """

    kind = "location"

    def __init__(self, text: str = DEFAULT_PATTERN) -> None:
        super().__init__(text)

    def check(self, originals: Collection[str]) -> None:
        """Check that the pattern tells the locations of images apart.

        The default pattern may match nothing: then the folders of images are their locations.

        Args:
            originals: paths of original images, relative to their folder, whose location no
                column gives.

        Raises:
            SettingError: it matches none of them, or gives the same location for all.
        """
        if self.text == DEFAULT_PATTERN or len(originals) < 2:  # noqa: PLR2004 - one has no other
            return
        values = {self.find(path) for path in originals}
        if len(values) > 1:
            return
        raise self.explain(values.pop(), originals)


def locate(
    frames: Sequence[Frame],
    pattern: LocationPattern,
    *,
    by_folder: bool = True,
    labels: Iterable[str] = (),
) -> list[Frame]:
    """Return frames with their locations: the one function that every stage uses.

    A location that a frame has already, from a column of a table, stays. Else the pattern finds it
    in the path of the original image; else it is that of the other frames of the camera's folder,
    if they all have the same. If nothing tells the location of any frame of a camera's folder,
    this folder (relative to that of the originals) is the location; if images were sorted into
    folders of labels, the folder above these. So it depends on the images of one camera alone, and
    is the same in shards and in a whole run.

    Args:
        frames: in any order, with all frames of their cameras.
        pattern: finds the location in a path.
        by_folder: whether a camera's folder counts as its location where nothing else tells one.
        labels: the labels; a folder with the name of one is no location.

    Returns:
        The frames in the same order, each with the source of its location.
    """
    known = fill_in([_with_own(frame, pattern) for frame in frames])
    if not by_folder:
        return known
    told = {frame.camera for frame in known if frame.location}
    names = set(map(fold_name, labels))
    return [frame if frame.camera in told else _with_folder(frame, names) for frame in known]


def _with_own(frame: Frame, pattern: LocationPattern) -> Frame:
    if frame.location:
        return replace(frame, location_source="column")
    if location := pattern.find(frame.original_path):
        return replace(frame, location=location, location_source="pattern")
    return frame


def _with_folder(frame: Frame, labels: Collection[str]) -> Frame:
    folder = camera_folder(frame.original_path)
    while folder and fold_name(folder.rpartition("/")[2]) in labels:
        folder = camera_folder(folder)
    return replace(frame, location=folder, location_source="folder") if folder else frame


def fill_in(frames: Sequence[Frame]) -> list[Frame]:
    """Give frames without a location that of their folder, if its other frames all have the same.

    A folder is one deployment of one camera, so this finds the location of images that were
    renamed.

    Returns:
        The frames in the same order.
    """
    known: dict[str, dict[str, Frame]] = {}
    for frame in frames:
        if frame.location:
            known.setdefault(frame.camera, {}).setdefault(frame.location, frame)
    only = {camera: next(iter(one.values())) for camera, one in known.items() if len(one) == 1}
    return [frame if frame.location else _like(frame, only.get(frame.camera)) for frame in frames]


def _like(frame: Frame, other: Frame | None) -> Frame:
    if other is None:
        return frame
    return replace(frame, location=other.location, location_source=other.location_source)


def are_in_several_folders(frames: Iterable[Frame]) -> bool:
    """Return whether the original images are of several cameras' folders."""
    folders = {camera_folder(frame.original_path) for frame in frames}
    return len(folders) > 1


def note_folders(frames: Sequence[Frame]) -> tuple[str, ...]:
    """Return a sentence that tells which frames have their folder as location, or none."""
    folders = {frame.location for frame in frames if frame.location_source == "folder"}
    if not folders:
        return ()
    number = sum(frame.location_source == "folder" for frame in frames)
    sentence = (
        f"The folder of an image counts as its location, because neither a column nor "
        f"location_pattern tells one ({number:,} of {plural(len(frames), 'image')}, in "
        f"{plural(len(folders), 'folder')} such as {_examples(sorted(folders))}). "
        "If a location has several folders, give a location_pattern."
    )
    return (sentence,)


def _examples(values: Iterable[str]) -> str:
    return ", ".join(islice(values, _EXAMPLES))
