"""Claims about images that were called empty."""

from autofocus.evaluation import emptiness
from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.metrics import EmptyMetrics
from autofocus.evaluation.predictions import Predictions
from tests.evaluation.making import answered, made, read

LABELS = ("empty", "fox", "nothing")


def described(predictions: Predictions, empty: tuple[str, ...]) -> EmptyMetrics | None:
    columns = emptiness.columns(read(predictions), LABELS, empty)
    return emptiness.empty_metrics(
        GroupSums.from_columns(columns, predictions.groups, 200, 0), LABELS, empty
    )


def test_missed_animals_are_counted_among_what_was_called_empty() -> None:
    """Of four images called empty one shows a fox; of three foxes it is one."""
    figures = described(answered([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1], 3), ("empty",))
    assert figures is not None
    assert (figures.called, figures.missed, figures.miss_rate.value) == (4, 1, 0.25)
    assert (figures.shown, figures.lost_share.value) == (3, 1 / 3)


def test_no_miss_is_not_called_certain() -> None:
    """Of eight images from eight places called empty none is missed: up to 41 % might be."""
    figures = described(answered([0] * 8, [0] * 8, 3), ("empty",))
    assert figures is not None
    low, high = figures.miss_rate.interval or (1, 1)
    assert (low, round(high, 2)) == (0, 0.41)


def test_several_labels_may_mean_empty() -> None:
    """To be called by another label of emptiness is no miss."""
    figures = described(answered([0, 2], [2, 0], 3), ("empty", "nothing"))
    assert figures is not None
    assert (figures.labels, figures.missed) == (("empty", "nothing"), 0)


def test_an_image_with_a_fox_besides_is_not_called_empty() -> None:
    """Of several labels, emptiness counts only alone; of none at all nothing is said."""
    shares = [[0.9, 0.9, 0.1], [0.9, 0.1, 0.1], [0.1, 0.1, 0.1]]
    figures = described(made(shares, [[1], [1], [1]], multilabel=True), ("empty",))
    assert figures is not None
    assert (figures.called, figures.missed) == (1, 1)


def test_without_such_a_label_there_is_no_figure() -> None:
    """A set of animals only has nothing to miss."""
    assert described(answered([0], [0], 3), ("blank",)) is None
