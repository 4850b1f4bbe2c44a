"""Results by sequence, and what the saved model was trained on, in sentences."""

from autofocus.evaluation.metrics import Evaluation
from autofocus.evaluation.training_metrics import Refit, ViewMetrics
from autofocus.reporting.formats import NBSP, count, doubt, listed, percent, rounded, with_interval
from autofocus.reporting.levels import Level

_FOUND_BY = {
    "motion": "by motion",
    "detector": "by the detector",
    "both": "by both",
}


def has_votes(test: Evaluation) -> bool:
    """Return whether sequences of several images were evaluated."""
    votes = test.sequence
    return bool(votes and votes.accuracy.value is not None and votes.sequences < votes.images)


def accuracy_by_sequence(test: Evaluation, level: Level, how: str) -> str:
    """Return the accuracy by sequence; empty if sequences are unknown.

    Args:
        test: the evaluation that the headline is from.
        level: of the split.
        how: it was measured, with a space before it; empty for the test split.
    """
    votes = test.sequence
    if not votes or votes.accuracy.value is None or not has_votes(test):
        return ""
    text = (
        f"Of 100 sequences {level.sequences}, expect about {rounded(votes.accuracy.value)} to be "
        "classified correctly by the vote of their images"
    )
    if votes.accuracy.interval:
        low, high = (rounded(bound) for bound in votes.accuracy.interval)
        text += f" (95{NBSP}% confidence interval {low} to {high})"
    sequences = count(votes.sequences, "sequence")
    return f"{text}. This was measured{how} on {sequences}.{doubt(votes.accuracy)}"


def accepted_sequences(test: Evaluation) -> str:
    """Return how many sequences need no review; empty if they are not decided."""
    votes = test.sequence
    if not votes or not votes.thresholds or not has_votes(test):
        return ""
    accepted = votes.thresholds.spared
    if not accepted.images:
        return "By sequence, none reaches a threshold: all sequences need review."
    return (
        f"By sequence, {percent(accepted.share.value)} of the sequences, with "
        f"{percent(votes.spared_images.value)} of the images, are accepted without review; "
        f"{with_interval(accepted.precision)} of these sequences are correct."
    )


def refit(metrics: Refit | None) -> str:
    """Return what the saved model was trained on, beyond the head that the figures are of."""
    if metrics is None:
        return ""
    if metrics.is_refitted:
        return (
            "These results belong to the recipe: they were measured with a head that was trained "
            f"on {count(metrics.measured_images, 'image')}, without the test images. The head of "
            "the saved model was then trained in the same way on all "
            f"{count(metrics.images, 'image')}."
        )
    reason = f": {metrics.reason}" if metrics.reason else ""
    return (
        f"The saved model is the one that was measured, trained on "
        f"{count(metrics.measured_images, 'image')} without the test images{reason}."
    )


def boxes_found(view: ViewMetrics) -> str:
    """Return in how many images a box was found, and how; empty for whole frames."""
    if not view.boxes or view.chosen == "full":
        return ""
    numbers = {kind: view.boxes.get(kind, 0) for kind in _FOUND_BY}
    shown = {kind: number for kind, number in numbers.items() if number}
    total = sum(numbers.values())
    how = listed([f"{number:,} {_FOUND_BY[kind]}" for kind, number in shown.items()])
    found = f"A box was found in {count(total, 'image')}" + (f" ({how})" if how else "")
    frames = view.boxes.get("whole_frame", 0)
    return f"{found}. Of {count(frames, 'image')} without one, the whole frame is used."
