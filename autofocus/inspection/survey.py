"""The inspection of a data set: everything that its settings depend on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autofocus.errors import RejectedImageError
from autofocus.images.reading import read_moment
from autofocus.images.trims import (
    Camera,
    CameraBands,
    Source,
    find_cameras,
    measure_cameras,
    spread,
)
from autofocus.inspection.dates import find_date_format
from autofocus.inspection.files import Data
from autofocus.inspection.labels import Labels, inspect_labels
from autofocus.inspection.locations import LocationSource, find_location_source
from autofocus.inspection.tables import Tables, inspect_tables

# The number of images whose time is looked for.
_TIMED = 200


@dataclass(frozen=True)
class Survey:
    """What a data set holds.

    Attributes:
        data: its files.
        indir: the folder of the images that the tables name, relative to the data; may be empty.
        cameras: the bands in the images of each camera make and size.
        sizes: how many images of the sample are of each camera.
        dated: how many of `looked` images have a date.
        looked: the number of images whose date was looked for.
        tables: the tables of detections.
        date_format: the order of day and month if the images had to tell it, and the numbers of
            images that agree and that were compared.
        labels: their labels.
        locations: how locations can be told from paths.
    """

    data: Data
    indir: str
    cameras: Sequence[CameraBands]
    sizes: Counter[Camera]
    dated: int
    looked: int
    tables: Tables
    date_format: tuple[str, int, int]
    labels: Labels
    locations: LocationSource

    @property
    def originals(self) -> list[str]:
        """The images that are inputs, relative to their folder."""
        return below(self.data.images, self.indir)


def survey(data: Data, jobs: int) -> Survey:
    """Inspect a data set.

    Args:
        data: its files.
        jobs: the number of worker threads.
    """
    tables = inspect_tables(data.folder, data.others, data.images)
    indir = tables.match.folder
    prefix = f"{indir}/" if indir else ""
    names = [name for name in data.at_hand if name.startswith(prefix)]
    source = Source(data.folder)
    cameras = find_cameras(source, names, jobs)
    looked = spread(names, _TIMED)
    return Survey(
        data,
        indir,
        measure_cameras(source, cameras, jobs),
        Counter({camera: len(images) for camera, images in cameras.items()}),
        sum(_has_date(data, name) for name in looked),
        len(looked),
        tables,
        find_date_format(data.folder, tables.shapes, tables.match, data.at_hand),
        inspect_labels(tables.labels, data.folder, data.others),
        find_location_source(below(data.images, indir)),
    )


def below(names: Sequence[str], folder: str) -> list[str]:
    """Return the names below a folder, relative to it."""
    prefix = f"{folder}/" if folder else ""
    return [name[len(prefix) :] for name in names if name.startswith(prefix)]


def _has_date(data: Data, name: str) -> bool:
    try:
        return bool(read_moment(data.folder / name))
    except RejectedImageError:
        return False
