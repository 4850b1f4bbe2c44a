"""What stages do besides pixels and networks, for many images: `many STAGE FOLDER NUMBER`.

It prints the time (s) and the processor time (s) of the stage alone, as a JSON object. Images are
tiny and decoded once, scores are made up, and nobody waits for the disk, so that what is left is
what grows with the number of images: names, ledgers, journals, tables and links.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autofocus.clean_detections import clean_detections
from autofocus.link_images_by_label import link_images_by_label
from autofocus.model.description import Description
from autofocus.predicting.table import PredictionTable
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.batches import Pending
from autofocus.runs.items import process
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Row
from autofocus.runs.making import Items
from autofocus.runs.packed_names import PackedNames
from autofocus.runs.workspace import Workspace
from benchmarks.quick import hurry
from benchmarks.tiny import FOLDER, LABELS, name

# Frames of a trigger.
_BURST = 3


def _preprocess(folder: Path, _: int) -> None:
    """Preprocess `images`."""
    preprocess_images(folder / "images", folder / "small", PreprocessSettings(trim_bottom=0))


def _clean(folder: Path, _: int) -> None:
    """Join the tables beside `images`."""
    images = folder / "images"
    properties, clean = images / "image_properties.csv", folder / "clean.csv"
    clean_detections([folder / "detections.csv"], images, properties, clean)


def _link(folder: Path, _: int) -> None:
    """Link `images`."""
    link_images_by_label(folder / "labels.csv", folder / "links")


def _predict(folder: Path, number: int) -> None:
    """Keep the books of predictions, whose scores are made up."""
    names = PackedNames(name(image) for image in range(number))
    description = Description(LABELS, (32, 32), "b", "d", "final_result", None)
    table = PredictionTable(description, names, "images/", "model")
    items = Items(names, str, Pending, lambda *_: True, _score, batch=64, extra={"model": str})
    with Workspace(folder, "predict", {}, output="predictions.csv") as workspace:
        process(
            items,
            workspace,
            folder / "predictions.ledger.csv",
            tables=[table.at(folder / "predictions.csv"), table.events_at(folder / "events.csv")],
            jobs=2,
        )


def _score(names: Sequence[str]) -> list[Outcome]:
    return [Outcome(Row(one), _facts(int(one[-11:-4]))) for one in names]


def _facts(number: int) -> dict[str, Any]:
    """Return what is recorded of an image: triggers are two minutes apart."""
    minutes, second = divmod(number % FOLDER // _BURST * 120, 60)
    moment = f"2016-07-05T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    scores = [0.1] * len(LABELS)
    scores[number // _BURST % len(LABELS)] = 1 - 0.1 * (len(LABELS) - 1)
    return {
        "bytes": 9, "modified_ns": 9, "model": "model", "probabilities": scores, "split": "",
        "moment": moment, "camera": "A B", "night": 0,
    }  # fmt: skip


STAGES: dict[str, Callable[[Path, int], None]] = {
    "preprocess_images": _preprocess,
    "clean_detections": _clean,
    "link_images_by_label": _link,
    "predict": _predict,
}


def main(stage: str, folder: str, number: str) -> int:
    """Run a stage and print what it took."""
    hurry()
    wall, cpu = time.perf_counter(), time.process_time()
    STAGES[stage](Path(folder), int(number))
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(took))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
