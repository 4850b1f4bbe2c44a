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

LABELS = ["bird", "cat", "coyote", "deer", "empty", "human", "raccoon", "squirrel"]
CONFUSION = [
    [21, 1, 0, 0, 8, 0, 1, 5],
    [0, 33, 4, 0, 5, 0, 9, 1],
    [0, 6, 41, 9, 6, 0, 3, 0],
    [0, 0, 5, 128, 11, 1, 0, 0],
    [3, 1, 1, 5, 271, 2, 6, 4],
    [0, 0, 0, 2, 4, 58, 0, 0],
    [1, 14, 5, 1, 12, 0, 47, 3],
    [4, 2, 0, 0, 13, 0, 5, 44],
]
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


def evaluation() -> dict[str, Any]:
    """Return the figures of the test part."""
    right = sum(row[place] for place, row in enumerate(CONFUSION))
    images = sum(map(sum, CONFUSION))
    return {
        "images": images,
        "groups": 9,
        "group_kind": "location",
        "accuracy": right / images,
        "accuracy_95_percent_interval": [0.712, 0.853],
        "interval_method": "bootstrap over 9 locations",
        "balanced_accuracy": 0.719,
        "balanced_accuracy_95_percent_interval": [0.64, 0.79],
        "top_3_accuracy": 0.933,
        "top_3_accuracy_95_percent_interval": [0.89, 0.965],
        "most_common_class": ["empty", 293 / images],
        "sequence": {
            "sequences": 271,
            "images": 806,
            "mixed": 3,
            "accuracy": 0.845,
            "accuracy_95_percent_interval": [0.78, 0.9],
            "voted_image_accuracy": 0.82,
            "voted_image_accuracy_95_percent_interval": [0.73, 0.87],
            "calibration": _calibration(),
            "thresholds": {**_thresholds(), "spared": _accepted_sequences()},
            "spared_images": 0.76,
            "spared_images_95_percent_interval": [0.6, 0.85],
            "shared_threshold": ["bird", "squirrel"],
            "coverage": _coverage(),
        },
        "per_class": [_class(number) for number in range(len(LABELS))],
        "confusion_matrix": [list(row) for row in CONFUSION],
        "calibration": _calibration(),
        "thresholds": _thresholds(),
        "empty": {
            "labels": ["empty"],
            "called": 330,
            "missed": 59,
            "miss_rate": 59 / 330,
            "miss_rate_95_percent_interval": [0.12, 0.25],
            "shown": 513,
            "lost_share": 59 / 513,
            "lost_share_95_percent_interval": [0.08, 0.17],
            "scores": _animal_scores(),
        },
        "coverage": _coverage(),
        "unknown": {
            "images": 14,
            "share": 14 / 806,
            "share_95_percent_interval": [0.005, 0.04],
        },
        "slices": _slices(),
    }


def _coverage() -> dict[str, Any]:
    shares = [number / 10 for number in range(1, 11)]
    curves = [
        {
            "label": label,
            "predictions": 806 if not label else 60 + 10 * place,
            "coverage": shares,
            "precision": [1 - (0.03 + place / 40) * share for share in shares],
        }
        for place, label in enumerate(["", *LABELS])
    ]
    accepted = evaluation_accepted(506, 484)
    targets = [
        {
            "precision": precision,
            "thresholds": dict.fromkeys(LABELS[:-1], 0.8) | {"squirrel": None},
            "accepted": accepted,
            "needed": number,
            "lacking": {"squirrel": 6} if number > 7 else {},
        }
        for precision, number in ((0.8, 3), (0.9, 7), (0.95, 14), (0.99, 71))
    ]
    return {"curves": curves, "targets": targets}


def _accepted_sequences() -> dict[str, Any]:
    return {
        "images": 193,
        "share": 193 / 271,
        "share_95_percent_interval": [0.58, 0.8],
        "right": 187,
        "precision": 187 / 193,
        "precision_95_percent_interval": [0.93, 0.99],
    }


def _animal_scores() -> dict[str, Any]:
    kept = [number / 20 for number in range(21)]
    curves = [
        {
            "source": source,
            "area": 1 - power / (1 + power),
            "empty_kept": kept,
            "recall": [share**power for share in kept],
            "recall_at_target": 0.05**power,
            "recall_at_target_95_percent_interval": [0.4, 0.9],
        }
        for source, power in (("classifier", 0.15), ("detector", 0.1), ("both", 0.05))
    ]
    skips = [
        {
            "threshold": threshold,
            "skipped": threshold / 3,
            "empty_skipped": threshold**0.5,
            "empty_skipped_95_percent_interval": [threshold / 2, 0.98],
            "missed": threshold**2 / 4,
            "missed_95_percent_interval": [0.0, threshold / 2],
        }
        for threshold in (0.05, 0.1, 0.2, 0.5)
    ]
    return {"empty": 293, "shown": 513, "curves": curves, "skips": skips}


def evaluation_accepted(images: int, right: int) -> dict[str, Any]:
    """Return the figures of accepted images of 806."""
    return {
        "images": images,
        "share": images / 806,
        "share_95_percent_interval": [0.52, 0.7],
        "right": right,
        "precision": right / images,
        "precision_95_percent_interval": [0.92, 0.98],
    }


def _class(number: int) -> dict[str, Any]:
    truly, answered = sum(CONFUSION[number]), sum(row[number] for row in CONFUSION)
    right = CONFUSION[number][number]
    precision, recall = right / answered, right / truly
    f1 = 2 * right / (truly + answered)
    return {
        "label": LABELS[number],
        "images": truly,
        "groups": 3 + number % 6,
        "answers": answered,
        "precision": precision,
        "precision_95_percent_interval": [max(0.0, precision - 0.11), min(1.0, precision + 0.08)],
        "recall": recall,
        "recall_95_percent_interval": [max(0.0, recall - 0.14), min(1.0, recall + 0.1)],
        "f1": f1,
        "f1_95_percent_interval": [max(0.0, f1 - 0.12), min(1.0, f1 + 0.09)],
    }


def _calibration() -> dict[str, Any]:
    sizes = [0, 4, 31, 62, 70, 79, 91, 102, 131, 246]
    before = [0, 0.1, 0.16, 0.24, 0.33, 0.43, 0.52, 0.66, 0.74, 0.94]
    after = [0, 0.25, 0.29, 0.31, 0.47, 0.52, 0.66, 0.77, 0.83, 0.96]
    return {
        "temperature": 1.62,
        "fitted_on": "validation",
        "before": {"expected_calibration_error": 0.112, "bins": _bins(sizes, before)},
        "after": {"expected_calibration_error": 0.028, "bins": _bins(sizes, after)},
    }


def _bins(sizes: list[int], right: list[float]) -> list[dict[str, Any]]:
    return [
        {
            "low": number / 10,
            "high": (number + 1) / 10,
            "images": size,
            "confidence": number / 10 + 0.055 if size else None,
            "accuracy": share if size else None,
        }
        for number, (size, share) in enumerate(zip(sizes, right, strict=True))
    ]


def _thresholds() -> dict[str, Any]:
    values = [0.91, 0.94, 0.88, 0.62, 0.79, 0.55, None, 0.9]
    tested = [14, 17, 30, 121, 246, 57, 0, 21]
    precisions = [0.93, 0.94, 0.9, 0.975, 0.95, 0.98, None, 0.95]
    rows = [
        {
            "label": label,
            "threshold": value,
            "test_images": images,
            "test_precision": precision,
            "test_precision_95_percent_interval": (
                [precision - 0.06, min(1.0, precision + 0.03)] if precision else None
            ),
            "test_recall": images * precision / sum(CONFUSION[place]) if precision else None,
        }
        for place, (label, value, images, precision) in enumerate(
            zip(LABELS, values, tested, precisions, strict=True)
        )
    ]
    return {
        "target": "precision",
        "value": 0.95,
        "fitted_on": "validation",
        "per_class": rows,
        "spared": evaluation_accepted(506, 484),
    }


def _slices() -> list[dict[str, Any]]:
    places = [
        ("D03-AMP1", 74, 0.46), ("R07-CHP1", 64, 0.7), ("J01-LSP1", 81, 0.79),
        ("S04-JKP1", 88, 0.81), ("R05-WLP3", 101, 0.83), ("S02-CGC1", 112, 0.84),
        ("S06-MCF2", 80, 0.85), ("D04-BBP2", 110, 0.86), ("D02-HUP1", 96, 0.89),
    ]  # fmt: skip
    light = [("night", 286, 0.71), ("day", 520, 0.85)]
    brightness = [
        ("dark (32 to 64)", 221, 0.69),
        ("medium (64 to 128)", 402, 0.85),
        ("bright (128 to 192)", 183, 0.78),
    ]
    cameras = [("Bushnell 119636C", 212, 0.72), ("Bushnell 119537", 594, 0.82)]
    return [
        _slice("location", places, "D03-AMP1"),
        _slice("light", light, "night"),
        _slice("brightness", brightness, "dark (32 to 64)"),
        _slice("camera", cameras, "Bushnell 119636C"),
    ]


def _slice(by: str, rows: list[tuple[str, int, float]], worst: str) -> dict[str, Any]:
    return {
        "by": by,
        "rows": [
            {
                "value": value,
                "images": images,
                "groups": 1 if by == "location" else 7,
                "accuracy": accuracy,
                "accuracy_95_percent_interval": [accuracy - 0.09, min(1.0, accuracy + 0.07)],
            }
            for value, images, accuracy in rows
        ],
        "worst": worst,
    }


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
