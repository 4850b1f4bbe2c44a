"""What is never divided: all photographs of a location, of a sequence, or each by itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autofocus.errors import SettingError
from autofocus.grouping.uniting import unite
from autofocus.splits.parts import Level, Member, SplitBy

# Of photographs and of classes: what share suffices to go by locations, or by sequences.
_NEARLY_ALL, _MOST = 0.9, 0.5
# How the names of groups begin, and what tells where such a group belongs.
_LOCATION, _SEQUENCE, _UNDATED, _IMAGE = "location ", "sequence ", "undated of camera ", "image "
_BASIS = {
    _LOCATION: "its location",
    _SEQUENCE: "its sequence",
    _UNDATED: "its camera, as it is not known when it was taken",
    _IMAGE: "its content",
}
# What to know of the figures of each level.
_OPTIMISTIC: dict[str, str] = {
    "sequence": "THE FIGURES ARE OPTIMISTIC FOR NEW PLACES, as the same places, with their "
    "backgrounds, are learned from and tested.",
    "image": "THE FIGURES ARE TOO GOOD TO BE BELIEVED, as frames of one burst may be learned "
    "from and tested.",
}


@dataclass(frozen=True)
class Grouping:
    """Photographs by what is never divided.

    Attributes:
        level: what that is.
        groups: the name of each photograph's group, in their order.
        warnings: what is to be known about it, one sentence each.
    """

    level: Level
    groups: list[str]
    warnings: tuple[str, ...]


def basis(level: Level, group: str) -> str:
    """Return what tells where a group belongs, such as ``its location``."""
    told = next(words for beginning, words in _BASIS.items() if group.startswith(beginning))
    is_lost = level == "location" and not group.startswith(_LOCATION)
    return f"{told}, its location not being known" if is_lost else told


def choose_grouping(
    members: Sequence[Member], sequences: Mapping[str, str], split_by: SplitBy, parts: int
) -> Grouping:
    """Choose what is never divided.

    Args:
        members: the photographs.
        sequences: of `find_sequences`, by the photographs' names.
        split_by: what is asked for; `auto` for the largest group that the data allow.
        parts: how many parts are to hold anything.

    Raises:
        SettingError: nothing is known of what is asked for.
    """
    if split_by == "auto":
        return _choose(members, sequences, parts)
    if split_by == "location" and not any(member.frame.location for member in members):
        raise SettingError(
            "split_by: no location is known; name a column of your tables by "
            "clean_detections --location_column, or a pattern of the paths by --location_pattern."
        )
    if split_by == "sequence" and not any(sequences[member.frame.name] for member in members):
        raise SettingError(
            "split_by: no sequence is known, as no photograph tells when it was taken; split by "
            "location, or leave the choice to auto."
        )
    return _grouping(members, sequences, split_by)


def _choose(members: Sequence[Member], sequences: Mapping[str, str], parts: int) -> Grouping:
    by_location = _grouping(members, sequences, "location")
    doubt = _doubt(members, by_location, parts)
    if not doubt:
        return by_location
    by_sequence = _grouping(members, sequences, "sequence")
    if _is_enough(members, by_sequence.groups, parts):
        return _explained(by_sequence, f"{doubt}: the split is by sequence.")
    why = "sequences are too few or not known: photographs are split one by one."
    return _explained(_grouping(members, sequences, "image"), f"{doubt}, and {why}")


def _explained(grouping: Grouping, why: str) -> Grouping:
    first, *others = grouping.warnings
    return Grouping(grouping.level, grouping.groups, (f"{why} {first}", *others))


def _grouping(members: Sequence[Member], sequences: Mapping[str, str], level: Level) -> Grouping:
    if level == "image":
        images = [f"{_IMAGE}{member.digest}" for member in members]
        return Grouping(level, images, (_OPTIMISTIC[level],))
    bursts = [_burst(member, sequences) for member in members]
    undated = sum(not sequences[member.frame.name] for member in members)
    if level == "sequence":
        warnings = (_OPTIMISTIC[level], *_unknown(undated, len(members), "when", "sequence"))
        return Grouping(level, bursts, warnings)
    places = [
        f"{_LOCATION}{member.frame.location}" if member.frame.location else burst
        for member, burst in zip(members, bursts, strict=True)
    ]
    # A frame without a location belongs to the place of its sequence's others.
    groups = unite(places, bursts)
    lost = sum(not group.startswith(_LOCATION) for group in groups)
    return Grouping(level, groups, _unknown(lost, len(members), "where", "location"))


def _unknown(number: int, of: int, what: str, told: str) -> tuple[str, ...]:
    if not number:
        return ()
    kept = "sequence" if told == "location" else "camera"
    sentence = (
        f"Of {number} of {of} photographs it is not known {what} they were taken: those of one "
        f"{kept} are kept together, but they may be of a {told} that stands in another part."
    )
    return (sentence,)


def _burst(member: Member, sequences: Mapping[str, str]) -> str:
    if sequence := sequences[member.frame.name]:
        return f"{_SEQUENCE}{sequence}"
    frame = member.frame
    # In a folder of several places these stay apart.
    return f"{_UNDATED}{frame.camera}" + (f"//{frame.location}" if frame.location else "")


def _doubt(members: Sequence[Member], by_location: Grouping, parts: int) -> str:
    """Return why not to split by location, as the beginning of a sentence; empty if to do it."""
    groups = [group if group.startswith(_LOCATION) else "" for group in by_location.groups]
    known = sum(bool(group) for group in groups)
    if not known:
        return "No location is known"
    if known < _NEARLY_ALL * len(members):
        return f"The location is known of {known} of {len(members)} photographs only"
    if not _is_enough(members, groups, parts):
        number = len(set(groups) - {""})
        return (
            f"With {number} location{'s' * (number > 1)}, most classes could not be both learned "
            "and tested"
        )
    return ""


def _is_enough(members: Sequence[Member], groups: Sequence[str], parts: int) -> bool:
    """Tell whether each part can get a group, and most classes can be learned and tested."""
    if len(set(groups) - {""}) < parts:
        return False
    pairs = {
        (label, group)
        for member, group in zip(members, groups, strict=True)
        for label in member.labels
    }
    spread = Counter(label for label, group in pairs if group)
    labels = {label for label, _ in pairs}
    needed = min(2, parts)
    return sum(spread[label] >= needed for label in labels) >= _MOST * len(labels)
