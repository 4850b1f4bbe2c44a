"""The patterns of locations and sequences, tried on the paths of the images."""

from collections.abc import Collection, Sequence

from autofocus.checking.report import Report
from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern
from autofocus.grouping.sequences import SequencePattern
from autofocus.runs.cameras import camera_folder
from autofocus.runs.wording import plural

_EXAMPLES = 3


def check_locations(
    text: str, names: Sequence[str], told: Collection[str], subject: str, report: Report
) -> None:
    """Report which share of the paths a pattern matches, with examples.

    Args:
        text: the pattern.
        names: the paths of the original images, relative to their folder.
        told: the images whose location a column of the tables tells.
        subject: what the report calls the pattern.
        report: what is found is added to it.
    """
    if told:
        report.add(subject, f"a column tells the location of {plural(len(told), 'image')}")
    asked = [name for name in names if name not in told]
    if not asked:
        return
    with report.collect(subject):
        pattern = LocationPattern(text)
        found = {name: pattern.find(name) for name in asked}
        matched = {name: location for name, location in found.items() if location}
        locations = sorted(set(matched.values()))
        pattern.check(asked)
        shown = "the default pattern" if text == DEFAULT_PATTERN else text
        line = (
            f"{shown} matches {len(matched):,} of {plural(len(asked), 'image')} and gives "
            f"{plural(len(locations), 'location')}{_examples(matched)}"
        )
        few = 0 < len(matched) < len(asked) or len(locations) == 1
        if matched:
            (report.warn if few else report.add)(subject, line)
        else:
            _report_folders(asked, subject, report)


def check_sequences(
    text: str, names: Sequence[str], told: Collection[str], report: Report
) -> None:
    """Report which share of the paths the pattern of sequences matches, with examples.

    Args:
        text: the pattern; empty for none.
        names: the paths of the original images, relative to their folder.
        told: the images whose sequence a column of the tables tells.
        report: what is found is added to it.
    """
    if told:
        report.add("sequences", f"a column tells the sequence of {plural(len(told), 'image')}")
    asked = [name for name in names if name not in told]
    if not text or not asked:
        return
    with report.collect("sequences"):
        pattern = SequencePattern(text)
        pattern.check(asked)
        matched = {name: value for name in asked if (value := pattern.find(name))}
        line = f"{text} matches {len(matched):,} of {plural(len(asked), 'image')}"
        report.add("sequences", line + _examples(matched))


def _report_folders(names: Sequence[str], subject: str, report: Report) -> None:
    folders = {camera_folder(name) for name in names}
    text = (
        f"neither a column nor the pattern tells one: the folder of an image is its location, "
        f"{plural(len(folders), 'folder')} such as {', '.join(sorted(folders)[:_EXAMPLES])}"
    )
    if len(folders) > 1:
        report.add(subject, text)
    else:
        report.warn(subject, "unknown: all images are in one folder, so nothing tells them apart")


def _examples(matched: dict[str, str]) -> str:
    """Return an example for each of a few locations."""
    first: dict[str, str] = {}
    for name, location in matched.items():
        first.setdefault(location, name)
    shown = [f"{location} for {name}" for location, name in list(first.items())[:_EXAMPLES]]
    return f": {'; '.join(shown)}" if shown else ""
