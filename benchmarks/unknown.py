"""Finding images of unknown classes: `python -m benchmarks.unknown` writes UNKNOWN.md.

On a synthetic sample, each class is left out once. The distance and its limit are fitted to images
of the other classes, and measured on images of locations that were not fitted to either: of known
classes, and of the one left out.
"""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from autofocus import __version__
from autofocus.clean_detections import clean_detections
from autofocus.features.backbones import load_backbone
from autofocus.features.crop import View
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.grouping.locations import LocationPattern
from autofocus.labels.classes import find_classes
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.items import ItemRun
from autofocus.runs.workspace import Workspace
from autofocus.splits.dataset import SplitSettings, make_dataset
from autofocus.splits.images import collect_images, read_origins
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.feature_rows import load
from autofocus.training.samples import Samples
from autofocus.training.unknown import fit_unknown
from benchmarks.labelled import SAMPLE_DATA, draw
from benchmarks.measure import publish

SEQUENCES, SITES, FOLDS, MIN_SIDE = 240, 24, 6, 256
VIEWS: tuple[View, ...] = ("full", "motion", "both")
SHARES = (0.02, 0.05)

TEXT = """# Images of unknown classes

A synthetic sample of {images} images at {sites} locations, embedded backbone efficientnet-lite0,
Autofocus {version} on Python {python}. Each class is left out once. The relative Mahalanobis
distance is fitted to the other classes at five sixths of the locations, and measured at the
others, {folds} times. AUROC: how often an image of the class left out lies farther away than one
of a known class. Flagged: the share beyond the limit, of known classes (which should be the
setting `unknown_share`) and of the one left out. `python -m benchmarks.unknown` gives this table
anew.

| view | class left out | AUROC | at 2 %: known | left out | at 5 %: known | left out |
|---|---|---:|---:|---:|---:|---:|
{table}

A frozen backbone tells new species of the same size, in the same light and before the same
background only partly from known ones: use the flag as a help for review, not as a proof that the
rest is known.
"""


@dataclass(frozen=True)
class Data:
    """The sample as a head sees it.

    Attributes:
        samples: N images.
        labels: of them.
        groups: their locations.
    """

    samples: Samples
    labels: NDArray[np.str_]
    groups: NDArray[np.str_]


def measure(folder: Path) -> str:
    """Measure, and return the text."""
    links = _link(draw(folder / "sample", SEQUENCES, SITES), folder)
    rows, images = [], 0
    for view, data in _embedded(links, folder):
        images = len(data.labels)
        rows += _rows(view, data)
    return TEXT.format(
        images=images,
        sites=SITES,
        folds=FOLDS,
        version=__version__,
        python=platform.python_version(),
        table="\n".join(rows),
    )


def _link(data: Path, folder: Path) -> Path:
    """Preprocess, clean and link the sample under the labels of its tables."""
    made = preprocess_images(data, folder / "preprocessed", PreprocessSettings(min_side=MIN_SIDE))
    table = folder / "detections_clean.csv"
    tables = sorted(data.glob("detections_*.csv"))
    clean_detections(tables, folder / "preprocessed", made.properties, table)
    rules = LinkSettings(label_priority_path=SAMPLE_DATA / "label_priority.txt")
    link_images_by_label(table, folder / "links", rules)
    return folder / "links"


def _embedded(links: Path, folder: Path) -> Iterator[tuple[View, Data]]:
    backbone, classes = load_backbone("efficientnet-lite0"), find_classes(links)
    workspace = Workspace(folder / "model", "unknown", {}, recipe=1)
    with (
        workspace,
        EmbeddingCache(
            folder / "cache", backbone.name, backbone.digest, backbone.feature_size
        ) as cache,
        ItemRun(workspace, folder / "model" / "ledger.csv") as run,
    ):
        extractor = Extractor(links, backbone, cache, 2)
        outcomes = list(run.outcomes(extractor.items(list(classes.files)), 2))
        origins = read_origins(links)
        images = collect_images(outcomes, classes.files, origins, LocationPattern())
        source = DatasetFeatures(
            make_dataset(classes.labels, images, SplitSettings(20, 15)), extractor
        )
        rows = source.dataset.used
        for view in VIEWS:
            source.prepare(view, copies=False)
            labels = np.array([row.image.label for row in rows])
            groups = np.array([row.group for row in rows])
            yield view, Data(source.samples(rows, view), labels, groups)


def _rows(view: View, data: Data) -> list[str]:
    """Return the table's rows of one view: each class, and the mean."""
    classes = np.unique(data.labels).tolist()
    results = np.array([_leave_out(data, label) for label in classes])
    named = [*zip(classes, results, strict=True), ("**mean**", results.mean(axis=0))]
    return [
        f"| {view} | {label} | {auroc:.2f} | "
        + " | ".join(f"{share:.1%}" for share in shares)
        + " |"
        for label, (auroc, *shares) in named
    ]


def _leave_out(data: Data, label: str) -> list[float]:
    """Return the AUROC, and the shares of known and unknown images flagged at each setting."""
    names = np.unique(data.groups)
    folds = np.searchsorted(names, data.groups) % FOLDS
    is_new = data.labels == label
    distances = np.zeros(len(is_new))
    flagged = np.zeros((len(SHARES), len(is_new)), bool)
    for fold in range(FOLDS):
        fitted, tested = (folds != fold) & ~is_new, folds == fold
        groups = data.groups[fitted].tolist()
        for row, share in enumerate(SHARES):
            unknown = fit_unknown(data.samples.rows(fitted), groups, share)
            if unknown is None:
                raise RuntimeError("There are too few images to tell unknown ones.")
            distances[tested] = unknown.distance.distances(load(data.samples.features)[tested])
            flagged[row, tested] = distances[tested] > unknown.limit
    shares = [part for row in flagged for part in (row[~is_new].mean(), row[is_new].mean())]
    return [float(roc_auc_score(is_new, distances)), *map(float, shares)]


if __name__ == "__main__":
    raise SystemExit(publish("UNKNOWN.md", measure))
