"""Claims about metrics.json."""

import json
from dataclasses import replace
from pathlib import Path

from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.serialization import from_text, to_json, to_text
from tests.evaluation.making import metrics

# The metrics of a real training, with the keys that users and programs rely on.
GOLDEN = (Path(__file__).parent / "metrics.json").read_text(encoding="utf-8")


def test_a_file_is_the_same_after_reading_and_writing() -> None:
    """Nothing is lost or reordered of the metrics of a real training."""
    assert to_text(from_text(GOLDEN)) == GOLDEN


def test_metrics_are_the_same_after_writing_and_reading() -> None:
    """Each class of metrics comes back as it was, with its types."""
    assert from_text(to_text(metrics())) == metrics()


def test_an_estimate_is_two_keys() -> None:
    """A share and its interval stand beside each other, and unknown ones are null."""
    test = replace(metrics().test, accuracy=Estimate(0.5, (0.25, 0.75)))
    plain = to_json(replace(test, top_3_accuracy=Estimate(None)))
    assert plain["accuracy"] == 0.5
    assert plain["accuracy_95_percent_interval"] == [0.25, 0.75]
    assert plain["top_3_accuracy"] is None
    assert plain["top_3_accuracy_95_percent_interval"] is None


def test_what_is_absent_stays_absent() -> None:
    """Without a validation split there is no key for it, and average precision only if known."""
    plain = json.loads(to_text(replace(metrics(), validation=None)))
    row, golden = (each["test"]["per_class"][0] for each in (plain, json.loads(GOLDEN)))
    assert "validation" not in plain
    assert "average_precision" not in row
    assert row.keys() == golden.keys()
