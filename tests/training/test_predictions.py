"""Claims about a dataset in the terms of evaluation."""

from pathlib import Path

from autofocus.evaluation.serialization import to_json
from autofocus.training.predictions import to_split_metrics
from tests.features.small import dataset


def test_the_split_counts_groups_and_images(tmp_path: Path) -> None:
    """The number of locations of each subset stands beside the number of its images."""
    metrics = to_split_metrics(dataset(tmp_path))
    assert metrics.level == "location"
    assert sum(metrics.groups.values()) == 6
    assert sum(metrics.images.values()) == 24


def test_the_keys_of_the_split_stay(tmp_path: Path) -> None:
    """Whatever reads metrics.json finds the split under the same names, in the same order."""
    values = to_json(to_split_metrics(dataset(tmp_path, split_by="location")))
    assert list(values) == [
        *("level", "asked", "groups", "images", "left_out", "sequence_gap_s", "digest"),
        "warnings",
    ]
    assert (values["level"], values["asked"]) == ("location", "location")
