"""The photographs of a training: what each shows, and which others it belongs with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, fill_in
from autofocus.images.facts import Facts
from autofocus.labels.linking import read_links
from autofocus.runs.journal import Outcome
from autofocus.tables.columns import LINKS_NAME


@dataclass(frozen=True)
class Origin:
    """Where the photograph of a link lies, as the table of links tells.

    Attributes:
        filepath: its path, relative to the table's folder.
        location: the place where the camera stood; empty where that isn't known.
    """

    filepath: str
    location: str


@dataclass(frozen=True)
class Photograph:
    """One photograph, however many labels it is linked under.

    Attributes:
        frame: which camera took it, when and where; its name is that of its first image.
        images: its paths relative to the image folder, one a label.
        labels: what it shows, in the images' order.
        digest: the SHA-256 of its content.
        facts: what it tells of itself.
    """

    frame: Frame
    images: tuple[str, ...]
    labels: tuple[str, ...]
    digest: str
    facts: Facts


def read_origins(image_dir: Path) -> dict[str, Origin]:
    """Return where each link's photograph lies; nothing where there is no table of links.

    Raises:
        InputDataError: `links.csv` is no table of links.
    """
    table = image_dir / LINKS_NAME
    if not table.is_file():
        return {}
    return {row.link: Origin(row.filepath, row.location) for row in read_links(table)}


def gather(
    outcomes: Iterable[Outcome], origins: Mapping[str, Origin], pattern: LocationPattern
) -> list[Photograph]:
    """Put the images of each photograph together.

    Two links to the same file are one photograph, and so are two equal files under different
    labels where no table of links tells where they are from.

    Args:
        outcomes: of `Extractor.items`; rejected ones are left out.
        origins: of `read_origins`.
        pattern: finds the location in a path, where no column tells it.

    Returns:
        The photographs, in rising order of their first image.
    """
    found: dict[str, Photograph] = {}
    for outcome in outcomes:
        if outcome.row.reason is not None:
            continue
        one = _photograph(outcome, origins.get(outcome.row.input), pattern)
        key = one.frame.path if outcome.row.input in origins else one.digest
        other = found.get(key)
        if other is None:
            found[key] = one
        elif one.labels[0] not in other.labels:
            found[key] = replace(
                other, images=other.images + one.images, labels=other.labels + one.labels
            )
        else:
            # A copy under the same label is a photograph of its own.
            found[one.images[0]] = one
    photographs = sorted(found.values(), key=lambda photograph: photograph.frame.name)
    frames = fill_in([photograph.frame for photograph in photographs])
    return [
        replace(photograph, frame=frame)
        for photograph, frame in zip(photographs, frames, strict=True)
    ]


def _photograph(outcome: Outcome, origin: Origin | None, pattern: LocationPattern) -> Photograph:
    name, extra = outcome.row.input, outcome.extra
    facts = Facts.from_json(extra["facts"])
    path = origin.filepath if origin else _below_label(name)
    location = origin.location if origin and origin.location else pattern.find(path)
    frame = Frame(name, path, facts.taken, location)
    return Photograph(frame, (name,), (extra["label"],), extra["digest"], facts)


def _below_label(name: str) -> str:
    """Return the path of an image without the folder of its label."""
    return PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix()
