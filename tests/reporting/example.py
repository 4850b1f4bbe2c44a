"""Metrics of a training, made up by hand: full ones, and the least that there can be.

They are plain JSON values, as in `metrics.json`, which tests change; `typed` reads them.
"""

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from autofocus.evaluation.metrics import Evaluation
from autofocus.evaluation.serialization import from_json
from autofocus.evaluation.training_metrics import Metrics
from autofocus.images.preparing import Preparation
from autofocus.images.thumbnails import read_thumbnail
from autofocus.reporting.mistakes import Misclassified
from autofocus.reporting.report import Context
from tests.reporting.example_evaluation import CONFUSION, LABELS, evaluation

PARTS = ("training", "validation", "test")


def typed(metrics: dict[str, Any]) -> Metrics:
    """Read metrics."""
    return from_json(Metrics, metrics)


def typed_test(metrics: dict[str, Any]) -> Evaluation:
    """Read the metrics of the test split."""
    return from_json(Evaluation, metrics)


def full() -> dict[str, Any]:
    """Return all figures of a training with a split by location; 643 of 806 are right."""
    return {
        "labels": list(LABELS),
        "multilabel": False,
        "images": {
            label: {"training": 4 * sum(row), "validation": sum(row) // 2, "test": sum(row)}
            for label, row in zip(LABELS, CONFUSION, strict=True)
        },
        "split": _split(),
        "training": {"accuracy": 0.981, "cross_entropy": 0.094},
        "validation": {"accuracy": 0.802, "cross_entropy": 0.61},
        "head": _head(),
        "view": _view(),
        "test": evaluation(),
        "folds": _folds(),
        "comparison": {
            "by_image_accuracy": 0.936,
            "by_group_accuracy": 0.774,
            "level": "location",
            "images": 4000,
            "folds": 5,
        },
        "warnings": ["squirrel has 381 images of one location."],
        "data_digest": "0123456789abcdef" * 4,
        "history": _history(),
        "refit": {
            "is_refitted": True,
            "measured_images": 3625,
            "images": 4431,
            "reason": "",
        },
        "occurrence": {
            "hours": {
                label: [(hour * (place + 1)) % 7 for hour in range(24)]
                for place, label in enumerate(LABELS)
            },
            "untimed": 3,
            "locations": {f"D{number:02}": {"cat": number, "empty": 9} for number in range(20)},
        },
    }


def _split() -> dict[str, Any]:
    return {
        "level": "location",
        "asked": "auto",
        "groups": {"training": 46, "validation": 8, "test": 9},
        "images": {"training": 3224, "validation": 401, "test": 806},
        "left_out": 12,
        "sequence_gap_s": 60.0,
        "digest": "fedcba9876543210" * 4,
        "warnings": [],
    }


def _head() -> dict[str, Any]:
    path = [
        {
            "strength": 10.0 ** (1 - number / 2),
            "steps": 31 + 40 * number,
            "converged": True,
            "training_accuracy": 0.6 + 0.05 * number,
            "training_cross_entropy": 1.4 - 0.18 * number,
            "validation_accuracy": 0.64 + 0.04 * number - 0.005 * number**2,
            "validation_cross_entropy": 1.2 - 0.24 * number + 0.025 * number**2,
            "validation_calibrated_cross_entropy": 1.1 - 0.24 * number + 0.025 * number**2,
        }
        for number in range(8)
    ]
    return {
        "optimizer": "lbfgs",
        "strength": 0.0316,
        "chosen_on": "validation groups",
        "converged": True,
        "steps": 231,
        "class_weights": "balanced",
        "fine_tuning": None,
        "path": path,
    }


def _view() -> dict[str, Any]:
    rows = [("full", 0.79, 0.741), ("motion", 0.65, 0.79), ("both", 0.61, 0.802)]
    return {
        "asked": "auto",
        "chosen": "both",
        "candidates": [
            {
                "view": view,
                "brier_score": round(entropy / 2, 3),
                "validation_cross_entropy": entropy,
                "validation_accuracy": accuracy,
                "sequence_accuracy": accuracy + 0.05,
            }
            for view, entropy, accuracy in rows
        ],
        "boxes": {"motion": 3690, "detector": 210, "both": 0, "whole_frame": 531},
    }


def _history() -> list[dict[str, float]]:
    return [
        {
            "step": 31.0 + 60 * number,
            "training_accuracy": 0.62 + 0.36 * number / 7,
            "training_cross_entropy": 1.4 - 0.18 * number,
            "validation_accuracy": 0.6 + 0.055 * number - 0.0037 * number**2,
            "validation_cross_entropy": 1.2 - 0.24 * number + 0.025 * number**2,
        }
        for number in range(8)
    ]


def _folds() -> dict[str, Any]:
    values = [(0.78, 0.83), (0.69, 0.75), (0.82, 0.88), (0.77, 0.81), (0.74, 0.8)]
    return {
        "number": 5,
        "rows": [
            {
                "fold": number,
                "groups": 12,
                "images": 890 + number,
                "accuracy": accuracy,
                "sequence_accuracy": sequence_accuracy,
            }
            for number, (accuracy, sequence_accuracy) in enumerate(values, 1)
        ],
        "mean": 0.76,
        "standard_deviation": 0.049,
        "sequence_mean": 0.814,
        "sequence_standard_deviation": 0.047,
        "test": {
            **evaluation(), "accuracy": 0.763, "calibration": None, "thresholds": None
        },
    }  # fmt: skip


def empty_test() -> dict[str, Any]:
    """Return the evaluation of no photographs."""
    names = (
        "accuracy", "accuracy_95_percent_interval", "balanced_accuracy",
        "balanced_accuracy_95_percent_interval", "top_3_accuracy",
        "top_3_accuracy_95_percent_interval", "most_common_class", "sequence",
        "confusion_matrix", "calibration", "thresholds", "empty",
    )  # fmt: skip
    return {
        **dict.fromkeys(names),
        "images": 0,
        "groups": 0,
        "group_kind": "image",
        "interval_method": "",
        "per_class": [],
        "slices": [],
    }


def minimal() -> dict[str, Any]:
    """Return the least figures: no test, no validation, nothing to compare."""
    return {
        "labels": ["cat", "dog"],
        "multilabel": False,
        "images": {label: {"training": 3, "validation": 0, "test": 0} for label in ("cat", "dog")},
        "split": {
            **_split(),
            "level": "image",
            "groups": {"training": 6, "validation": 0, "test": 0},
            "images": {"training": 6, "validation": 0, "test": 0},
            "left_out": 0,
        },
        "training": {"accuracy": 1.0, "cross_entropy": 0.01},
        "head": {**_head(), "path": [], "converged": False},
        "view": {"asked": "full", "chosen": "full", "candidates": [], "boxes": None},
        "test": empty_test(),
        "folds": None,
        "comparison": None,
        "warnings": [],
        "data_digest": "0" * 64,
        "history": [],
    }


def multilabel() -> dict[str, Any]:
    """Return figures of photographs with several labels: no confusion matrix."""
    metrics = full()
    test = metrics["test"]
    test |= {"confusion_matrix": None, "top_3_accuracy": None, "sequence": None, "empty": None}
    for row in test["per_class"]:
        row["average_precision"] = row["f1"]
    metrics["multilabel"] = True
    return metrics


def photograph(path: Path, number: int = 0, size: tuple[int, int] = (512, 384)) -> Path:
    """Draw something that looks a little like a photograph of a camera trap."""
    picture = Image.new("RGB", size, (70 + 8 * (number % 7), 84, 60))
    draw = ImageDraw.Draw(picture)
    width, height = size
    draw.rectangle([0, 0, width, height // 3], fill=(150, 165 + 5 * (number % 9), 170))
    for tree in range(5):
        left = (tree * 113 + 37 * number) % width
        draw.rectangle([left, height // 8, left + 22, height * 3 // 4], fill=(52, 44, 36))
    left, top = width // 3 + 11 * (number % 6), height * 3 // 5
    draw.ellipse([left, top, left + 90, top + 52], fill=(120, 104, 88))
    picture.save(path, quality=88)
    return path


def mistakes(folder: Path, number: int = 163) -> list[Misclassified]:
    """Draw photographs, and take each for something else; every twentieth for a human."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [
        ("raccoon", "cat"), ("deer", "empty"), ("squirrel", "bird"), ("coyote", "deer"),
        ("cat", "raccoon"), ("deer", "human"), ("bird", "empty"), ("raccoon", "coyote"),
    ]  # fmt: skip
    files = [photograph(folder / f"{place}.jpg", place) for place in range(min(number, 12))]
    return [
        Misclassified(
            partial(read_thumbnail, files[place % len(files)]),
            f"{pairs[place % 8][0]}/CHIL - D03-AMP1-JU16_{place:05d}.JPG",
            *pairs[place % 8],
            score=0.99 - 0.004 * place,
        )
        for place in range(number)
    ]


def context(folder: Path, wrong: list[Misclassified], **more: Any) -> Context:
    """Return what a report tells besides the figures."""
    values: dict[str, Any] = {
        "image_dir": folder,
        "backbone": "efficientnet-lite2",
        "preparation": Preparation(0, 198, 512),
        "settings": {"tfhub_module": "efficientnet-lite2", "view": "auto", "folds": 5},
        "show_people": False,
        "people_labels": ("human", "person", "people"),
        "mistakes": wrong,
    }
    return Context(**(values | more))
