"""The groups that a split never divides: all images of a location, of a sequence, or one image."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autofocus.errors import SettingError
from autofocus.grouping.uniting import unite
from autofocus.runs.wording import plural
from autofocus.splits.images import Image
from autofocus.splits.subsets import GroupKind, SplitBy

# The share of images with a known location, and of classes that can be both learned and tested,
# from which the split is by location (or by sequence).
_MIN_KNOWN, _MIN_CLASSES = 0.9, 0.5
# Prefixes of group names, and what the position of such a group is derived from.
_LOCATION, _SEQUENCE, _UNDATED, _IMAGE = "location ", "sequence ", "undated of camera ", "image "
_BASIS = {
    _LOCATION: "its location",
    _SEQUENCE: "its sequence",
    _UNDATED: "its camera, as it is not known when it was taken",
    _IMAGE: "its content",
}
# Why the metrics of a split that isn't by location are too good.
_CAVEATS: dict[str, str] = {
    "sequence": "THE METRICS ARE OPTIMISTIC FOR NEW LOCATIONS, as training and test share "
    "locations with their backgrounds.",
    "image": "THE METRICS ARE FAR TOO OPTIMISTIC, as training and test may share frames of one "
    "sequence.",
}


@dataclass(frozen=True)
class Groups:
    """The groups of N images.

    Attributes:
        kind: what a group is.
        names: the group of each image, in the order of the images.
        warnings: one sentence each.
    """

    kind: GroupKind
    names: list[str]
    warnings: tuple[str, ...]


def basis(kind: GroupKind, group: str) -> str:
    """Return what the position of a group is derived from, such as ``its location``."""
    words = next(words for prefix, words in _BASIS.items() if group.startswith(prefix))
    is_location_unknown = kind == "location" and not group.startswith(_LOCATION)
    return f"{words}, its location not being known" if is_location_unknown else words


def choose_groups(
    images: Sequence[Image], sequences: Mapping[str, str], split_by: SplitBy, subsets: int
) -> Groups:
    """Choose the kind of group, and group the images.

    Args:
        images: N images.
        sequences: the sequence of each image by its name, from `find_sequences`.
        split_by: the kind of group; `auto` chooses the largest that the data allow.
        subsets: number of subsets that are not to be empty.

    Raises:
        SettingError: no image has what `split_by` asks for.
    """
    if split_by == "auto":
        return _choose(images, sequences, subsets)
    if split_by == "location" and not any(image.frame.location for image in images):
        raise SettingError(
            "split_by: no location is known. Give a column of the detection tables with "
            "clean_detections --location_column, or a pattern of the paths with "
            "--location_pattern."
        )
    if split_by == "sequence" and not any(sequences[image.name] for image in images):
        raise SettingError(
            "split_by: no sequence is known, as no image has a capture time. Give a column "
            "sequence of the detections, sequence_pattern or sequence_frames, split by location, "
            "or use auto."
        )
    return _group(images, sequences, split_by)


def _choose(images: Sequence[Image], sequences: Mapping[str, str], subsets: int) -> Groups:
    by_location = _group(images, sequences, "location")
    objection = _objection(images, by_location, subsets)
    if not objection:
        return by_location
    by_sequence = _group(images, sequences, "sequence")
    if _are_enough(images, by_sequence.names, subsets):
        return _explain(by_sequence, f"{objection}: the split is by sequence.")
    why = "sequences are too few or unknown: the split is by image."
    return _explain(_group(images, sequences, "image"), f"{objection}, and {why}")


def _explain(groups: Groups, why: str) -> Groups:
    first, *others = groups.warnings
    return Groups(groups.kind, groups.names, (f"{why} {first}", *others))


def _group(images: Sequence[Image], sequences: Mapping[str, str], kind: GroupKind) -> Groups:
    if kind == "image":
        return Groups(kind, [f"{_IMAGE}{image.digest}" for image in images], (_CAVEATS[kind],))
    by_sequence = [_sequence_group(image, sequences) for image in images]
    if kind == "sequence":
        undated = sum(not sequences[image.name] for image in images)
        warnings = _warn_of_unknown(undated, len(images), "capture time", "sequence")
        return Groups(kind, by_sequence, (_CAVEATS[kind], *warnings))
    by_location = [
        f"{_LOCATION}{image.frame.location}" if image.frame.location else group
        for image, group in zip(images, by_sequence, strict=True)
    ]
    # A frame without a location belongs to the location of its sequence's other frames.
    names = unite(by_location, by_sequence)
    unknown = sum(not name.startswith(_LOCATION) for name in names)
    return Groups(kind, names, _warn_of_unknown(unknown, len(images), "location", "location"))


def _warn_of_unknown(number: int, total: int, word: str, kind: str) -> tuple[str, ...]:
    if not number:
        return ()
    kept = "sequence" if kind == "location" else "camera"
    sentence = (
        f"The {word} of {number} of {total} images is unknown: those of one {kept} are kept "
        f"together, but they may belong to a {kind} in another subset."
    )
    return (sentence,)


def _sequence_group(image: Image, sequences: Mapping[str, str]) -> str:
    if sequence := sequences[image.name]:
        return f"{_SEQUENCE}{sequence}"
    frame = image.frame
    # Locations that share a folder stay apart.
    return f"{_UNDATED}{frame.camera}" + (f"//{frame.location}" if frame.location else "")


def _objection(images: Sequence[Image], by_location: Groups, subsets: int) -> str:
    """Return why not to split by location, as the start of a sentence; empty if nothing is."""
    names = [name if name.startswith(_LOCATION) else "" for name in by_location.names]
    known = sum(bool(name) for name in names)
    if not known:
        return "No location is known"
    if known < _MIN_KNOWN * len(images):
        return f"The location of only {known} of {plural(len(images), 'image')} is known"
    if not _are_enough(images, names, subsets):
        number = len(set(names) - {""})
        return (
            f"With {plural(number, 'location')}, most classes could not be both learned and tested"
        )
    return ""


def _are_enough(images: Sequence[Image], groups: Sequence[str], subsets: int) -> bool:
    """Return whether each subset can get a group, and most classes can be learned and tested."""
    if len(set(groups) - {""}) < subsets:
        return False
    pairs = {
        (label, group)
        for image, group in zip(images, groups, strict=True)
        for label in image.labels
    }
    groups_with = Counter(label for label, group in pairs if group)
    labels = {label for label, _ in pairs}
    needed = min(2, subsets)
    return sum(groups_with[label] >= needed for label in labels) >= _MIN_CLASSES * len(labels)
