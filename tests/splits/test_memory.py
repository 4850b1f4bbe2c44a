"""Claims about the memory that a dataset needs."""

import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta

from autofocus.grouping.locations import LocationPattern
from autofocus.images.facts import Facts
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Row
from autofocus.splits.dataset import SplitSettings, make_dataset
from autofocus.splits.images import Origin, collect_images

IMAGES = 6000
LABELS = ("deer", "empty", "fox")


def outcomes(names: list[str]) -> Iterator[Outcome]:
    """Yield what a stage says of each image, in threes of one sequence."""
    for number, name in enumerate(names):
        taken = datetime(2016, 1, 1) + timedelta(seconds=600 * (number // 3) + number % 3)
        facts = Facts(taken.isoformat(), "RECONYX HYPERFIRE", night=False, brightness=90.0)
        extra = {"digest": f"{number:064x}", "facts": facts.to_json()}
        yield Outcome(Row(name), extra)


def test_an_image_takes_little_memory() -> None:
    """At most 1 KB, with its label, split and sequence, besides the names in tables.

    While the dataset is made, it is at most twice as much.
    """
    names = [f"{LABELS[i // 3 % 3]}/IMG_{i:07}-0123456789.JPG" for i in range(IMAGES)]
    labels = {name: name.partition("/")[0] for name in names}
    paths = [f"site{i // 100}/DCIM/100RECNX/IMG_{i:07}.JPG" for i in range(IMAGES)]
    origins = {
        name: Origin(f"../preprocessed/{path}", original=path)
        for name, path in zip(names, paths, strict=True)
    }
    pattern = r"^(site\d+)/"
    tracemalloc.start()
    images = collect_images(outcomes(names), labels, origins, LocationPattern(pattern))
    dataset = make_dataset(LABELS, images, SplitSettings(10, 10, location_pattern=pattern))
    rows = dataset.rows
    dataset.fingerprint()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rows) == IMAGES
    assert held / IMAGES < 1000
    assert peak / IMAGES < 2000
