"""The detection tables: joined to the names of the images by the stage itself, as a trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autofocus.checking.data import Data
from autofocus.checking.report import Report
from autofocus.clean_detections import CleanResult, clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.errors import AutofocusError
from autofocus.labels.choosing import choose
from autofocus.labels.labelmap import map_labels, read_labelmap
from autofocus.labels.priority import Rule, read_rules
from autofocus.link_images_by_label import describe_labels
from autofocus.link_settings import LinkSettings
from autofocus.runs.csv_files import CsvReader, CsvWriter
from autofocus.runs.ledger import Counts, Reason
from autofocus.runs.wording import plural
from autofocus.tables.columns import LOCATION, PROPERTIES, PROPERTIES_NAME, SEQUENCE
from autofocus.tables.date_choice import AmbiguousDatesError
from autofocus.tables.date_forms import GIVEN
from autofocus.tables.labels import Labelled, merge_labels, read_labelled

# Below these shares of detections with an image, or images with a detection, something is wrong.
_FEW = 0.9
# Where the images would be, beside the table of the trial.
_IMAGES = "images"
# A line names this many labels.
_MAX_LABELS = 20


@dataclass(frozen=True)
class Trial:
    """The result of joining the detections to the images' names.

    Attributes:
        labelled: the images that have a detection, and their labels; None if there are none.
        located: the images whose location a column of the tables tells.
        in_sequence: the images whose sequence a column of the tables tells.
    """

    labelled: Labelled | None = None
    located: frozenset[str] = field(default_factory=frozenset)
    in_sequence: frozenset[str] = field(default_factory=frozenset)


def check_tables(data: Data, settings: CleanSettings, scratch: Path, report: Report) -> Trial:
    """Join the detections to the images' names, which need not be here yet.

    Args:
        data: the images and the tables.
        settings: how to read the tables.
        scratch: an empty folder.
        report: what is found is added to it.
    """
    if data.tables is None or not data.names:
        return Trial()
    images = scratch / _IMAGES
    images.mkdir()
    _write_properties(data.names, images / PROPERTIES_NAME)
    with report.collect("tables"):
        try:
            result = _try(data.tables, images, scratch, settings, report)
        except AutofocusError as error:
            plain = type(error)(str(error).replace(str(images), data.images))
            raise plain from None
        _report_matches(result.counts, data, report)
        for note in result.notes[:-1]:  # the last one is about times, which are not known yet
            report.add("tables", note)
        labelled = read_labelled(result.table)
        return Trial(labelled, _told(result.table, LOCATION), _told(result.table, SEQUENCE))
    return Trial()


def _try(
    tables: Sequence[Path], images: Path, scratch: Path, settings: CleanSettings, report: Report
) -> CleanResult:
    """Join the detections; dates that only the images can tell are read in one of their forms."""
    plain = replace(settings, max_rejected=1.0)
    properties, outpath = images / PROPERTIES_NAME, scratch / "clean.csv"
    try:
        return clean_detections(tables, images, properties, outpath, plain)
    except AmbiguousDatesError as error:
        forms = [form for form in GIVEN if form in error.forms]
        if settings.date_format or not forms:
            raise
        report.warn("tables", f"{error} The run needs that unless the images' own dates decide.")
        # The form is no output of the check; only whether it can be read matters.
        chosen = replace(plain, date_format=forms[0])
        return clean_detections(tables, images, properties, scratch / "trial.csv", chosen)


def _told(table: Path, column: str) -> frozenset[str]:
    """Return the images of which a column tells something."""
    with CsvReader(table) as reader:
        if column not in reader.columns:
            return frozenset()
        path, cell = (reader.columns.index(name) for name in ("filepath", column))
        return frozenset(row[path].removeprefix(f"{_IMAGES}/") for row in reader if row[cell])


def _write_properties(names: Sequence[str], path: Path) -> None:
    with CsvWriter(path, PROPERTIES) as writer:
        writer.write_all([name, *[""] * (len(PROPERTIES) - 1)] for name in names)


def _report_matches(counts: Counts, data: Data, report: Report) -> None:
    images = len(data.names)
    detections = counts.inputs - images
    matched = detections - counts.reasons[Reason.IMAGE_MISSING.value]
    with_detection = images - counts.reasons[Reason.NO_DETECTION.value]
    text = (
        f"{matched:,} of {plural(detections, 'detection')} match an image, and "
        f"{with_detection:,} of {plural(images, 'image')} have a detection"
    )
    are_few = with_detection < _FEW * images or (
        matched < _FEW * detections and not data.is_sample
    )
    (report.warn if are_few else report.add)("tables", text)
    others = {
        reason: number
        for reason, number in counts.reasons.most_common()
        if reason not in (Reason.IMAGE_MISSING.value, Reason.NO_DETECTION.value)
    }
    if others:
        listed = ", ".join(f"{reason} {number:,}" for reason, number in others.items())
        report.warn("tables", f"detections that would be rejected: {listed}")


def check_labels(labelled: Labelled | None, settings: LinkSettings, report: Report) -> None:
    """Check the label map and the rules, and their effect on the labels.

    Args:
        labelled: the images and their labels, if they are known.
        settings: the label map and the rules.
        report: what is found is added to it.
    """
    labelmap: Mapping[str, str] = {}
    rules: Sequence[Rule] = []
    with report.collect("label map"):
        if settings.labelmap_path:
            labelmap = read_labelmap(settings.labelmap_path)
    with report.collect("rules"):
        if settings.label_priority_path:
            rules = read_rules(settings.label_priority_path)
    if labelled is None:
        return
    for note in describe_labels(labelled, labelmap, rules):
        report.warn("labels", note)
    _report_classes(labelled, labelmap, rules, settings, report)


def _report_classes(
    labelled: Labelled,
    labelmap: Mapping[str, str],
    rules: Sequence[Rule],
    settings: LinkSettings,
    report: Report,
) -> None:
    mapped = merge_labels(labelled, map_labels(labelled.labels, labelmap))
    choices = choose(mapped, rules, keep_unresolved=settings.keep_unresolved)
    counts = Counts()
    sizes = choices.sizes()
    for choice in choices:
        if choice.reason is not None:
            counts.reasons[choice.reason.value] += 1
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{label} {number:,}" for label, number in ordered[:_MAX_LABELS])
    more = f" and {len(ordered) - _MAX_LABELS} more" if len(ordered) > _MAX_LABELS else ""
    is_enough = len(sizes) > 1
    text = f"{plural(len(sizes), 'class', 'classes')}: {shown}{more}"
    (report.add if is_enough else report.warn)(
        "labels", text if is_enough else f"{text}; training needs two"
    )
    if conflicts := counts.reasons[Reason.CONFLICTING_LABELS.value]:
        example = next(choice for choice in choices if choice.reason is Reason.CONFLICTING_LABELS)
        report.warn(
            "labels",
            f"{plural(conflicts, 'image')} with several labels would be left out, such as "
            f"{example.filepath.removeprefix(f'{_IMAGES}/')} ({example.detail})",
        )
