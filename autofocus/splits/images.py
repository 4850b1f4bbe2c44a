"""The images of a dataset: what each shows, and when and where it was taken."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from sys import intern

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, are_in_several_folders, locate
from autofocus.grouping.sequences import SequencePattern
from autofocus.images.facts import Facts
from autofocus.runs.journal import Outcome
from autofocus.splits.originals import find_originals
from autofocus.tables.columns import LINKS_NAME
from autofocus.tables.links import read_links


@dataclass(frozen=True, slots=True)
class Image:
    """An image with its labels and facts.

    Attributes:
        frame: its camera, time and location; the frame's name is the image's first file.
        files: paths relative to the image folder, one per label.
        labels: what it shows, in the order of the files.
        digest: the SHA-256 of its content.
        facts: what its content says about camera and light.
    """

    frame: Frame
    files: tuple[str, ...]
    labels: tuple[str, ...]
    digest: str
    facts: Facts

    @property
    def name(self) -> str:
        """The name that no other image of the dataset has, whichever of its files is used."""
        return self.frame.name

    @property
    def file(self) -> str:
        """The file to read, relative to the image folder."""
        return self.files[0]

    @property
    def original(self) -> str:
        """The path of the original image, relative to the folder of the originals."""
        return self.frame.original_path

    @property
    def label(self) -> str:
        """All labels as one text."""
        return "; ".join(self.labels)

    def per_label(self) -> Iterator["Image"]:
        """Yield the image once per label, each time with one label and its file alone."""
        if len(self.files) == 1:
            yield self
            return
        for file, label in zip(self.files, self.labels, strict=True):
            yield replace(self, files=(file,), labels=(label,))


@dataclass(frozen=True, slots=True)
class Origin:
    """The image that a link points to, from the table of links.

    Attributes:
        filepath: its path, relative to the table's folder.
        location: where the camera stood; empty if no column tells it.
        original: the path of the original image, relative to the folder of the originals; empty
            if that is `filepath`.
        sequence: the sequence that it is a frame of; empty if no column tells it.
    """

    filepath: str
    location: str = ""
    original: str = ""
    sequence: str = ""


def read_origins(image_dir: Path) -> dict[str, Origin]:
    """Return the origin of each link; empty if the folder has no table of links.

    Raises:
        InputDataError: `links.csv` is not a table of links.
    """
    table = image_dir / LINKS_NAME
    if not table.is_file():
        return {}
    rows = list(read_links(table))
    originals = find_originals(image_dir, (row.filepath for row in rows))
    return {
        row.link: Origin(
            row.filepath, intern(row.location), originals[row.filepath], intern(row.sequence)
        )
        for row in rows
    }


def check_patterns(
    locations: LocationPattern,
    sequences: SequencePattern,
    files: Iterable[str],
    origins: Mapping[str, Origin],
) -> None:
    """Check that patterns tell the locations and the sequences of images apart.

    Args:
        locations: finds the location in a path if no column gives it.
        sequences: finds the sequence in a path if no column gives it.
        files: paths relative to the image folder.
        origins: of `read_origins`.

    Raises:
        SettingError: one matches no image, or gives the same value for all.
    """
    frames = [_frame(file, origins.get(file)) for file in files]
    locations.check({frame.original_path for frame in frames if not frame.location})
    sequences.check({frame.original_path for frame in frames if not frame.sequence})


def find_paths(files: Iterable[str], origins: Mapping[str, Origin]) -> dict[str, str]:
    """Return the path of each file's original, relative to the folder of the originals.

    Args:
        files: paths relative to the image folder.
        origins: of `read_origins`.
    """
    return {file: _frame(file, origins.get(file)).original_path for file in files}


def find_copies(
    image_dir: Path, files: Iterable[str], origins: Mapping[str, Origin]
) -> dict[str, Path]:
    """Return the image that each file is, or links to.

    Args:
        image_dir: the image folder.
        files: paths relative to it.
        origins: of `read_origins`.
    """
    root = image_dir.resolve()
    paths = {file: origins[file].filepath if file in origins else file for file in files}
    return {file: Path(os.path.normpath(root / path)) for file, path in paths.items()}


def collect_images(
    outcomes: Iterable[Outcome],
    labels: Mapping[str, str],
    origins: Mapping[str, Origin],
    pattern: LocationPattern,
) -> list[Image]:
    """Collect the files of each image.

    Two links to the same file are one image. Without a table of links, equal files under different
    labels are one image, too.

    Args:
        outcomes: of `Extractor.items`; rejected files are skipped.
        labels: the label of each file.
        origins: of `read_origins`.
        pattern: finds the location in a path if no column gives it.

    Returns:
        The images, sorted by their first file.
    """
    images: dict[str, Image] = {}
    # One tuple per label, which its images share.
    alone = {label: (label,) for label in labels.values()}
    for outcome in outcomes:
        if outcome.row.reason is not None:
            continue
        # The name is also in the tables' rows: one text of each is in memory.
        file = intern(outcome.row.input)
        image = _image(file, outcome, alone[labels[file]], origins.get(file))
        key = image.frame.path if file in origins else image.digest
        other = images.get(key)
        if other is None:
            images[key] = image
        elif image.label not in other.labels:
            images[key] = replace(
                other, files=other.files + image.files, labels=other.labels + image.labels
            )
        else:
            # A copy under the same label is an image of its own.
            images[file] = image
    ordered = sorted(images.values(), key=lambda image: image.name)
    frames = [image.frame for image in ordered]
    by_folder = are_in_several_folders(frames)
    frames = locate(frames, pattern, by_folder=by_folder, labels=set(labels.values()))
    return [replace(image, frame=frame) for image, frame in zip(ordered, frames, strict=True)]


def _image(file: str, outcome: Outcome, labels: tuple[str, ...], origin: Origin | None) -> Image:
    facts = Facts.from_json(outcome.extra["facts"])
    frame = replace(_frame(file, origin), moment=facts.taken)
    return Image(frame, (file,), labels, outcome.extra["digest"], facts)


def _frame(file: str, origin: Origin | None) -> Frame:
    """Return an image with what is known without opening it."""
    if origin is None:
        return Frame(file, _below_label(file))
    return Frame(
        file,
        origin.filepath,
        location=origin.location,
        original=origin.original,
        sequence=origin.sequence,
    )


def _below_label(file: str) -> str:
    """Return the path of a file without the folder of its label."""
    return PurePosixPath(*PurePosixPath(file).parts[1:]).as_posix()
