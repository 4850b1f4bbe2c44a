"""The evaluation of a test split, made up by hand: plain JSON values, as in `metrics.json`."""

from typing import Any

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
