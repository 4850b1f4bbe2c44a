"""Claims about thresholds that are chosen when a model is used."""

from dataclasses import replace

import pytest

from autofocus.errors import InputDataError, SettingError
from autofocus.model.description import Description
from autofocus.model.precision import PrecisionCurve
from autofocus.predicting.thresholds import missing_evidence, with_thresholds

MODEL = Description(
    ("cat", "dog=1"), (8, 8), "b", "d", "final", None,
    thresholds={"cat": 0.9, "dog=1": None}, threshold_target="precision 0.95",
    precision_curves={
        "cat": PrecisionCurve((0.6, 0.9), (0.85, 0.96), 20),
        "dog=1": PrecisionCurve((0.7,), (0.92,), 9),
    },
)  # fmt: skip


def test_a_precision_chooses_all_thresholds() -> None:
    """From what the model stores, and without training it again."""
    chosen = with_thresholds(MODEL, 0.85, ())
    assert chosen.thresholds == {"cat": 0.6, "dog=1": 0.7}
    assert chosen.threshold_target == "precision 0.85"
    assert missing_evidence(chosen) == ()


def test_a_threshold_of_one_label_takes_precedence() -> None:
    """The other labels keep theirs; a label may contain an equals sign."""
    chosen = with_thresholds(MODEL, None, ["dog=1=0.5"])
    assert chosen.thresholds == {"cat": 0.9, "dog=1": 0.5}
    assert chosen.threshold_target == "precision 0.95, dog=1=0.5"
    assert with_thresholds(MODEL, 0.9, ["cat=0.3"]).thresholds == {"cat": 0.3, "dog=1": 0.7}
    assert with_thresholds(MODEL, None, ()) == MODEL


def test_thresholds_are_those_of_sequences_as_well() -> None:
    """A precision chooses both by their own curves, and a given threshold is that of both."""
    curve = PrecisionCurve((0.5,), (0.9,), 12)
    model = replace(
        MODEL,
        sequence_thresholds={"cat": None, "dog=1": 0.7},
        sequence_precision_curves={"cat": curve, "dog=1": PrecisionCurve()},
    )
    assert with_thresholds(model, 0.9, ()).sequence_thresholds == {"cat": 0.5, "dog=1": None}
    given = with_thresholds(model, None, ["cat=0.3"])
    assert given.sequence_thresholds == {"cat": 0.3, "dog=1": 0.7}
    assert with_thresholds(MODEL, 0.9, ()).sequence_thresholds is None


def test_a_label_that_lacks_evidence_is_named() -> None:
    """With the number of independent right predictions that it needs, and that it has."""
    (note,) = missing_evidence(MODEL)
    assert "needs 14 independent right predictions" in note
    assert note.endswith("dog=1 has 9")
    assert missing_evidence(with_thresholds(MODEL, None, ["dog=1=0.5"])) == ()


def test_an_older_model_says_what_it_lacks() -> None:
    """Thresholds of single labels can be given all the same."""
    old = replace(MODEL, precision_curves=None, version="3.0.0")
    with pytest.raises(InputDataError, match=r"trained by Autofocus 3\.0\.0, which did not store"):
        with_thresholds(old, 0.9, ())
    assert with_thresholds(old, None, ["cat=0.3"]).thresholds == {"cat": 0.3, "dog=1": None}
    assert missing_evidence(old) == ()


@pytest.mark.parametrize("text", ["cat", "cat=", "=0.5", "cat=1.5", "cat=nan", "fox=0.5"])
def test_a_threshold_that_makes_no_sense_is_rejected(text: str) -> None:
    """It must be of a label of the model, and a share."""
    with pytest.raises(SettingError, match="threshold"):
        with_thresholds(MODEL, None, [text])
