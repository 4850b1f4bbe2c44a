"""The images of a request, and what is predicted for each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.boxes.box import Box

OK = "ok"
# Digits of scores and boxes, as in the table of `predict`.
_DIGITS = 4


@dataclass(frozen=True)
class ImageFile:
    """An image of a request.

    Attributes:
        content: the bytes of the file; or its path, from a caller on the same machine.
        name: the caller's name for it.
        camera: images of a request with the same camera are compared with each other to detect
            motion; empty for an image by itself.
    """

    content: bytes | Path
    name: str = ""
    camera: str = ""


@dataclass(frozen=True)
class ImageResult:
    """The prediction for an image, or why there is none.

    Attributes:
        file: the caller's name for it.
        status: `ok`, or a reason of the ledger's vocabulary.
        detail: an explanation of the reason.
        label: the predicted label.
        score: its probability, 0 to 1; None without a prediction.
        decision: `accept`, `review`, or empty if the model has no thresholds.
        review_reason: why a person must review it; empty if nobody need.
        second_label: the label with the second highest probability; empty if there is one class.
        second_score: its probability.
        box: around motion, for a model that needs it; else None.
    """

    file: str
    status: str = OK
    detail: str = ""
    label: str = ""
    score: float | None = None
    decision: str = ""
    review_reason: str = ""
    second_label: str = ""
    second_score: float | None = None
    box: Box | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with the digits of the table of `predict`."""
        return {**self.to_row(), "box": _box(self.box)}

    def to_row(self) -> dict[str, Any]:
        """Return the values by column, all but the box."""
        return {
            "file": self.file,
            "status": self.status,
            "detail": self.detail,
            "label": self.label,
            "score": _rounded(self.score),
            "decision": self.decision,
            "review_reason": self.review_reason,
            "second_label": self.second_label,
            "second_score": _rounded(self.second_score),
        }


def _box(box: Box | None) -> dict[str, Any] | None:
    if box is None:
        return None
    return {
        "left": _rounded(box.left),
        "top": _rounded(box.top),
        "width": _rounded(box.width),
        "height": _rounded(box.height),
        "score": _rounded(box.score),
        "status": box.status,
    }


def _rounded(value: float | None) -> float | None:
    # As the table writes it: Python rounds text and numbers alike.
    return None if value is None else float(f"{value:.{_DIGITS}f}")
