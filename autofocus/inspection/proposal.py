"""A parameter file for `autofocus run`, proposed from what a data set holds."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from autofocus.images.names import AUTO
from autofocus.images.preparing import CameraTrim
from autofocus.images.trims import CameraBands
from autofocus.inspection.survey import Survey
from autofocus.inspection.tables import Tables, name_patterns
from autofocus.inspection.yaml_text import Section, scalar, sequence
from autofocus.redaction import public_url
from autofocus.runs.wording import plural
from autofocus.tables.shape import TableShape

# Comments list this many of a kind.
_SHOWN = 12
_EXAMPLES = 3
# With fewer images a label is hardly learned.
_FEW = 20
# From this number of locations on a cross-validation is worth its time.
_LOCATIONS_FOR_FOLDS, _FOLDS = 10, 4
# In place of a table's name, where there is no table.
_NO_TABLE = "PUT-YOUR-TABLE-HERE.csv"


def propose(found: Survey, local_data: str, endpoint_url: str | None = None) -> str:
    """Return the text of a parameter file.

    Args:
        found: what the data set holds.
        local_data: the path of its folder, relative to the parameter file or absolute; empty for
            a bucket.
        endpoint_url: the bucket's server; None for that of the environment.
    """
    sections = (
        _source(found, local_data, endpoint_url),
        _preprocess(found),
        _clean(found),
        _link(found, local_data),
        _retrain(found),
        Section("predict"),
    )
    return "\n\n".join("\n".join(section.lines()) for section in sections) + "\n"


def _source(found: Survey, local_data: str, endpoint_url: str | None) -> Section:
    data = found.data
    endings = ", ".join(f"{number:,} {ending}" for ending, number in data.endings.most_common())
    sentence = f"{plural(len(data.images), 'image')} ({endings})."
    if not data.bucket:
        section = Section()
        section.put("local_data", scalar(local_data), f"{sentence} The folder is only read.")
        return section
    section = Section("download_images")
    section.explain(f"{sentence} Of these, {len(data.at_hand):,} were looked at.")
    section.put("bucket", scalar(data.bucket))
    if data.prefix:
        section.put("prefix", scalar(data.prefix), "Only keys that begin with this.")
    if endpoint_url:
        section.put("endpoint_url", scalar(public_url(endpoint_url)))
    return section


def _preprocess(found: Survey) -> Section:
    section = Section("preprocess_images")
    if found.indir:
        why = "The folder of the images that the tables name, below the data."
        if left_out := len(found.data.images) - len(found.originals):
            lie = plural(left_out, "image lies elsewhere and is", "images lie elsewhere and are")
            why += f" {lie} left out."
        section.put("indir", scalar(found.indir), why)
    _put_trims(section, found)
    if found.data.videos:
        section.explain(
            f"There {'is' if found.data.videos == 1 else 'are'} "
            f"{plural(found.data.videos, 'video')}, ignored so far. For one frame per second as "
            "an image (with the extra video): frame_rate: 1"
        )
    return section


def _put_trims(section: Section, found: Survey) -> None:
    section.explain(
        "Pixels to crop, where cameras print bands with date and temperature. Detected in the "
        "images of each camera make and size:"
    )
    for bands in found.cameras[:_SHOWN]:
        section.explain(f"- {_describe_bands(bands, found)}")
    if len(found.cameras) > _SHOWN:
        section.explain(f"- and {len(found.cameras) - _SHOWN} more")
    if trims := _trims(found.cameras):
        section.put(
            "trim_by_camera",
            sequence(map(str, trims)),
            "MAKE=BOTTOM,TOP, for one size MAKE@WIDTHxHEIGHT=BOTTOM,TOP.",
        )
    section.put(
        "trim_bottom",
        AUTO,
        "For all other cameras they are detected again in each run. A pipeline on a cluster "
        "needs numbers here, such as 0.",
    )
    section.put("trim_top", AUTO)


def _describe_bands(bands: CameraBands, found: Survey) -> str:
    seen = plural(found.sizes[bands.camera], "image")
    if not (bands.bottom.rows or bands.top.rows):
        tells = "none" if bands.is_certain else "none in the few images that can tell"
        return f"{bands.camera}: {tells} ({seen} looked at)"
    sides = [
        f"{band.rows} at the {side} ({band.images} of {plural(band.of, 'image')})"
        for side, band in (("bottom", bands.bottom), ("top", bands.top))
        if band.rows
    ]
    return f"{bands.camera}: {' and '.join(sides)}"


def _trims(cameras: Sequence[CameraBands]) -> list[CameraTrim]:
    """Return the pixels to crop: by make, and by size where a make's sizes differ."""
    by_make: dict[str, list[CameraBands]] = defaultdict(list)
    for bands in cameras:
        if bands.is_certain and not set("=@") & set(bands.camera.make):
            by_make[bands.camera.make].append(bands)
    trims: list[CameraTrim] = []
    for make, sizes in by_make.items():
        numbers = {(one.bottom.rows, one.top.rows) for one in sizes}
        if len(numbers) == 1 and make:
            trims.append(CameraTrim(make, *numbers.pop()))
            continue
        trims += [
            CameraTrim(make, one.bottom.rows, one.top.rows, one.camera.width, one.camera.height)
            for one in sizes
        ]
    return trims


def _clean(found: Survey) -> Section:
    section, tables = Section("clean_detections"), found.tables
    if not tables.shapes:
        section.explain(
            "No table of labels was found. It may be CSV, Excel, COCO Camera Traps JSON, Camtrap "
            "DP, Timelapse, Wildlife Insights or MegaDetector results, with a path and a label "
            "for each image: put it below the data and its name here, or run autofocus init again."
        )
        _explain_problems(section, tables)
        section.put("detections", sequence([_NO_TABLE]))
        return section
    for shape in tables.shapes[:_SHOWN]:
        section.explain(f"{shape.description} ({plural(shape.rows, 'row')}).")
    for shape in tables.left_out[:_SHOWN]:
        section.explain(
            f"Left out, as its paths lead to the images in another way: {shape.path.name}"
        )
    order, agreeing, compared = found.date_format
    if not order:
        _explain_problems(section, tables)
    section.put("detections", sequence(name_patterns(tables.shapes, found.data.folder)))
    _put_strip(section, found)
    if order:
        why = (
            "Dates such as 05/07/2016 have the day or the month first. Read like this, "
            f"{agreeing} of {compared} are the dates that the images themselves have."
        )
        section.put("date_format", order, why)
    if tables.location_column:
        section.put(
            "location_column",
            scalar(tables.location_column),
            f"{_list_counts(tables.locations, 'location')}",
        )
    if tables.label_separator:
        section.put(
            "label_separator",
            scalar(tables.label_separator),
            "Some cells hold several labels, each of which occurs alone, too.",
        )
    return section


def _explain_problems(section: Section, tables: Tables) -> None:
    for problem in tables.problems[:_EXAMPLES]:
        section.explain(f"To do: {problem}")


def _put_strip(section: Section, found: Survey) -> None:
    match = found.tables.match
    where = f" below {found.indir}" if found.indir else ""
    if not match.matched:
        section.explain(
            "To do: no path in the tables leads to an image, whatever is removed from its left. "
            f"A path in a table: {_first_path(found.tables.shapes)}; an image: "
            f"{found.data.images[0]}"
        )
        return
    section.put(
        "strip_components",
        scalar(match.strip_components),
        "Number of components to remove from the left of the tables' paths. Then "
        f"{match.matched:,} of {match.total:,} ({match.share:.0%}) lead to an image{where}: "
        f"{match.example[0]} to {match.example[1]}",
    )


def _first_path(shapes: Iterable[TableShape]) -> str:
    return next((path for shape in shapes for path in shape.paths), "none")


def _link(found: Survey, local_data: str) -> Section:
    section, labels = Section("link_images_by_label"), found.labels
    if labels.counts:
        section.explain(f"{_list_counts(labels.counts, 'label')}")
    few = [label for label, number in labels.counts.items() if number < _FEW]
    if few and not labels.files.labelmap:
        section.explain(
            f"With fewer than {_FEW} detections, {_join(few)} will hardly be learned: a label map "
            '(labelmap_path, JSON) may join labels, such as {"red fox": "fox", "grey fox": "fox"}.'
        )
    if labels.files.labelmap:
        covered = len(labels.counts) - len(labels.unmapped)
        why = f"It covers {covered} of {plural(len(labels.counts), 'label')}."
        if labels.unmapped:
            why += (
                f" Not covered, so that they stay labels of their own: {_join(labels.unmapped)}."
            )
        _put_file(section, "labelmap_path", labels.files.labelmap, why, local_data)
    if labels.files.rules:
        why = "Which label is kept where an image has several."
        _put_file(section, "label_priority_path", labels.files.rules, why, local_data)
    return section


def _put_file(section: Section, key: str, name: str, why: str, local_data: str) -> None:
    """Add the path of a file of the data; of a bucket, only say that it is there."""
    if local_data:
        section.put(key, scalar(name if local_data == "." else f"{local_data}/{name}"), why)
    else:
        section.explain(f"To do: download {name} from the bucket, and give it as {key}. {why}")


def _retrain(found: Survey) -> Section:
    section = Section("retrain")
    section.put("tfhub_module", "efficientnet-lite0")
    _put_locations(section, found)
    labels = found.labels
    if labels.empty:
        why = "Labels that probably mean an image without animals."
        section.put("empty_labels", sequence(labels.empty), why)
    else:
        section.explain(
            "No label looks like that of empty images (empty_labels), so that the report can't "
            "tell how many animals would be missed."
        )
    if labels.human:
        why = "Labels that probably mean people, whose images the report never shows."
        section.put("human_labels", sequence(labels.human), why)
    else:
        section.explain("No label looks like one of people (human_labels).")
    section.explain(
        f"{found.dated} of {plural(found.looked, 'image')} looked at have a date and time, from "
        "which sequences are found. Where something moved can be found, too, at the price of "
        "time: view: auto"
    )
    return section


def _put_locations(section: Section, found: Survey) -> None:
    known, source = found.tables.locations, found.locations
    if known:
        section.explain(f"Locations are told by the tables: {plural(len(known), 'location')}.")
    elif source.kind == "pattern":
        shown = ", ".join(f"{location} in {name}" for name, location in source.examples)
        why = (
            f"Finds {plural(source.number, 'location')} in the paths of {source.matched:,} of "
            f"{plural(source.total, 'image')}: {shown}"
        )
        if source.is_default:
            section.explain(f"The usual location_pattern is used. {why}")
        else:
            section.put("location_pattern", scalar(source.pattern), why)
    elif source.kind == "folder":
        section.explain(
            "The folder that holds an image is taken for its location: "
            f"{_list_counts(source.locations or {}, 'folder')} If that is wrong, give "
            "location_pattern, a regular expression for the location in an image's path."
        )
    else:
        section.explain(
            "To do: no location can be told, as all images lie in one folder. Without locations "
            "the figures of the report are optimistic: give location_pattern here, or a column "
            "(location_column in clean_detections)."
        )
    number = len(known) or source.number
    if number >= _LOCATIONS_FOR_FOLDS:
        why = f"A cross-validation over the {number} locations, as a test split has only a few."
        section.put("folds", scalar(_FOLDS), why)


def _list_counts(counts: Mapping[str, int], noun: str) -> str:
    """Return a sentence with the most frequent values and their counts."""
    ordered = Counter(counts).most_common()
    shown = ", ".join(f"{value or '(none)'} {number:,}" for value, number in ordered[:_SHOWN])
    more = f" and {len(ordered) - _SHOWN:,} more" if len(ordered) > _SHOWN else ""
    return f"{plural(len(ordered), noun)}: {shown}{more}."


def _join(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return ", ".join(labels[:_SHOWN]) + more


def summarise(found: Survey) -> tuple[str, ...]:
    """Return the most important findings, one sentence each."""
    match, labels = found.tables.match, found.labels
    notes = [
        ", ".join(
            (
                plural(len(found.data.images), "image"),
                plural(len(found.cameras), "camera make and size", "camera makes and sizes"),
                plural(len(found.tables.shapes), "table"),
                plural(len(labels.counts), "label"),
            )
        )
    ]
    notes += [f"footer: {_describe_bands(bands, found)}" for bands in found.cameras[:_EXAMPLES]]
    if match.total:
        notes.append(f"{match.matched:,} of {match.total:,} paths in tables lead to an image")
    return tuple(notes)


def locate(path: Path, folder: Path) -> str:
    """Return a path relative to a folder if it lies below it, else absolute."""
    real, base = path.resolve(), folder.resolve()
    return real.relative_to(base).as_posix() if real.is_relative_to(base) else real.as_posix()
