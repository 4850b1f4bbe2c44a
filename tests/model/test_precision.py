"""Claims about the precision that thresholds ensure."""

from autofocus.model.precision import PrecisionCurve, needed, shortfall

CURVE = PrecisionCurve((0.4, 0.7, 0.9), (0.6, 0.8, 0.94), 11)


def test_the_lowest_threshold_that_ensures_a_precision_is_chosen() -> None:
    """One that ensures it exactly will do, and none is chosen beyond the highest precision."""
    assert [CURVE.threshold(target) for target in (0.0, 0.6, 0.61, 0.94)] == [0.4, 0.4, 0.7, 0.9]
    assert CURVE.threshold(0.95) is None
    assert PrecisionCurve().threshold(0.5) is None


def test_the_number_of_right_predictions_that_a_precision_needs() -> None:
    """By the lower end of Wilson's interval, 14 right of 14 ensure 95 %, and 13 of 13 don't."""
    assert [needed(target) for target in (0.8, 0.9, 0.95, 0.99)] == [3, 7, 14, 71]


def test_what_is_missing_is_said() -> None:
    """Each label without a threshold is named, with what it has."""
    curves = {"raccoon": CURVE, "deer": PrecisionCurve((0.2,), (0.96,), 20)}
    assert shortfall(curves, 0.95) == (
        "a label needs 14 independent right predictions above a threshold to ensure a precision "
        "of 0.95: raccoon has 11"
    )
    assert shortfall(curves, 0.8) == ""
