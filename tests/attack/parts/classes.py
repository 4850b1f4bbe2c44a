"""Twenty, two hundred and two thousand classes: what is drawn and listed has a limit."""

import copy
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from autofocus.containers.metrics import classification
from autofocus.evaluation.scalars import class_scalars, scalars
from autofocus.evaluation.serialization import from_text
from autofocus.evaluation.training_metrics import Metrics
from autofocus.reporting import charts, results
from autofocus.reporting.model_card import ModelCard
from autofocus.reporting.report import Report
from tests.attack.attack import Attack, Scale, Trial
from tests.reporting import example

PART = "Many classes"
# Limits of any number of classes: pixels a side, seconds, and bytes.
_PIXELS, _SECONDS, _MEMORY = 2500, 60, 1 << 30
_REPORT, _CARD, _METRICS, _KUBEFLOW = 1_500_000, 60_000, 4_000_000, 60_000
_MOST_METRICS = 300


def _metrics(classes: int) -> Metrics:
    """Return metrics of so many classes with some images each."""
    metrics = example.full()
    chance = np.random.default_rng(classes)
    labels = [f"species {number:04}" for number in range(classes)]
    confusion = np.diag(chance.integers(2, 9, classes))
    for row, column in chance.integers(0, classes, (5 * classes, 2)):
        confusion[row, column] += 1
    test = metrics["test"]
    rows, limits = test["per_class"], test["thresholds"]["per_class"]
    test["confusion_matrix"] = confusion.tolist()
    test["per_class"] = [_of(rows, number, label) for number, label in enumerate(labels)]
    test["thresholds"]["per_class"] = [
        _of(limits, number, label) for number, label in enumerate(labels)
    ]
    test["most_common_class"] = [labels[0], 0.1]
    test["empty"] = None
    counts = confusion.sum(axis=1).tolist()
    metrics["labels"] = labels
    metrics["images"] = {
        label: {"training": 3 * count, "validation": count, "test": count}
        for label, count in zip(labels, counts, strict=True)
    }
    metrics["occurrence"]["hours"] = {
        label: [number % 5] * 24 for number, label in enumerate(labels)
    }
    metrics["occurrence"]["locations"] = {
        f"D{number:03}": dict.fromkeys(labels[number::300], 2) for number in range(300)
    }
    return example.typed(metrics)


def _of(rows: list[dict[str, Any]], number: int, label: str) -> dict[str, Any]:
    return {**copy.deepcopy(rows[number % len(rows)]), "label": label}


def _numbers(scale: Scale) -> tuple[int, ...]:
    return (200, 400, 1000, 2000) if scale.full else (200, 2000)


def _drawn(scale: Scale, folder: Path) -> Iterator[Trial]:
    """The picture of a confusion matrix has a limit in pixels, time and memory."""
    numbers = (1, 2, 20, 40, 41, 60, 200, 400, 1000, 2000) if scale.full else (1, 20, 41, 2000)
    for classes in numbers:
        path, began = folder / f"{classes}.png", time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        metrics = _metrics(classes)
        charts.draw_confusion(metrics.labels, metrics.test.confusion_matrix, path)
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        with Image.open(path) as image:
            size = image.size
        problem = "" if max(size) <= _PIXELS else f"{size} pixels"
        if time.monotonic() - began > _SECONDS or grown > _MEMORY:
            problem = f"{time.monotonic() - began:.0f} s, {grown:,} bytes"
        yield Trial(f"confusion matrix of {classes}", problem)


def _written(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Report, card, metrics and what is logged have a limit; tables hold every class."""
    for classes in (20, *_numbers(scale)):
        metrics = _metrics(classes)
        place = folder / str(classes)
        place.mkdir()
        began = time.monotonic()
        results.write_results(place, metrics, [])
        report = Report(metrics, example.context(place, [])).render()
        card = ModelCard(metrics, "backbone", None, ()).render()
        seconds = time.monotonic() - began
        text = (place / results.METRICS).read_text()
        table = (place / results.CONFUSION_TABLE).read_text().splitlines()
        numbers = {**scalars(metrics), **class_scalars(metrics)}
        shown = classification(metrics)["confusionMatrix"]["rows"]
        sizes = {
            "report": (len(report), _REPORT),
            "card": (len(card), _CARD),
            "metrics.json": (len(text), max(_METRICS, 3000 * classes)),
            "MLflow": (len(numbers), _MOST_METRICS),
            "Kubeflow": (len(str(shown)), _KUBEFLOW),
            "seconds": (int(seconds), _SECONDS),
        }
        for name, (size, limit) in sizes.items():
            yield Trial(f"{name} of {classes}", "" if size <= limit else f"{size:,}")
        whole = len(table) == classes + 1 and len(from_text(text).test.per_class) == classes
        yield Trial(f"tables of {classes}", "" if whole else "not every class")


def _not_drawn(_: Scale, folder: Path) -> Iterator[Trial]:
    """Whatever is raised while a picture is made, all other files are written."""
    metrics = _metrics(20)
    for name in ("draw_confusion", "draw_contact_sheet", "draw_history"):
        for error in (MemoryError(), ValueError("x" * 500), RuntimeError("\n"), OSError("font")):
            place = folder / f"{name} {type(error).__name__}"
            place.mkdir()
            yield Trial(place.name, _problem_without(name, error, metrics, place))


def _problem_without(name: str, error: Exception, metrics: Metrics, place: Path) -> str:
    def fail(*_: object) -> None:
        raise error

    drawing = getattr(results, name)
    try:
        setattr(results, name, fail)
        results.write_results(place, metrics, [])
    except Exception as raised:
        return f"{type(raised).__name__}: {raised}"
    finally:
        setattr(results, name, drawing)
    written = {path.name for path in place.iterdir()}
    lacking = set(results.ALL) - {results.REPORT, results.MODEL_CARD} - written
    return "" if len(lacking) == 1 else f"lacking: {sorted(lacking)}"


ATTACKS = (
    Attack("a confusion matrix of up to 2,000 classes is drawn", _drawn),
    Attack("report, card, metrics and tables of up to 2,000 classes", _written),
    Attack("a picture can't be drawn", _not_drawn),
)
