"""Claims about the rejected share of a run that is divided into shards."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.containers.shards import (
    HOPELESS,
    check_run,
    check_shard,
    from_metadata,
    to_metadata,
)
from autofocus.errors import TooManyRejectedError
from autofocus.runs.ledger import Reason, Share


def share(inputs: int, rejected: int) -> Share:
    return Share(inputs, {"truncated": rejected} if rejected else {})


@pytest.mark.parametrize(
    ("inputs", "rejected"),
    [
        (0, 0),
        (1, 0),
        (1, 1),
        (2, 2),
        (9, 1),
        (9, 8),
        (99, 98),
        (100, 10),
        (100, 15),
        (10_000, 1040),
    ],
)
def test_a_shard_that_chance_explains_passes(inputs: int, rejected: int) -> None:
    """A small shard, or one just above the limit, says nothing about the run."""
    check_shard(share(inputs, rejected), 0.1)


@pytest.mark.parametrize(
    ("inputs", "rejected"), [(3, 3), (40, 40), (100, 30), (1000, 150), (10_000, 1200)]
)
def test_a_hopeless_shard_fails(inputs: int, rejected: int) -> None:
    """All of a few, or a share of many far above the limit, fail with what was rejected."""
    found = rf"{rejected} of {inputs} inputs were rejected \(truncated {rejected}\) in this shard"
    with pytest.raises(TooManyRejectedError, match=found):
        check_shard(share(inputs, rejected), 0.1)


def test_the_limits_0_and_1_are_possible() -> None:
    """With 1 no shard fails; with 0 one of many does, and the others are left to the whole run."""
    check_shard(share(500, 500), 1.0)
    check_shard(share(99, 1), 0.0)
    with pytest.raises(TooManyRejectedError):
        check_shard(share(100, 1), 0.0)


@given(st.integers(100, 300), st.floats(0.01, 0.99), st.data())
def test_a_shard_of_a_run_within_the_limit_seldom_fails(
    inputs: int, limit: float, data: st.DataObject
) -> None:
    """Where a shard fails, the exact probability of its share is below the threshold."""
    rejected = data.draw(st.integers(0, inputs))
    try:
        check_shard(share(inputs, rejected), limit)
    except TooManyRejectedError:
        tail = sum(
            math.comb(inputs, n) * limit**n * (1 - limit) ** (inputs - n)
            for n in range(rejected, inputs + 1)
        )
        assert tail < HOPELESS


@given(
    st.integers(0, 10**7),
    st.dictionaries(st.sampled_from([reason.value for reason in Reason]), st.integers(1, 10**6)),
)
def test_a_share_survives_as_metadata(inputs: int, reasons: dict[str, int]) -> None:
    """Read back from an artifact's metadata, whose numbers are floating point, it is the same."""
    recorded: dict[str, Any] = {"display_name": "x", "inputs": 1.0}
    one = Share(inputs, reasons)
    recorded |= {key: float(value) for key, value in to_metadata("predict", one).items()}
    assert from_metadata("predict", recorded) == one
    assert from_metadata("download_images", recorded) is None


def test_the_share_of_a_run_is_that_of_all_shards() -> None:
    """One bad shard passes among good ones, and a run above the limit fails with its own sum."""
    good = [share(9, 0)] * 11
    check_run("preprocess_images", [share(9, 1), *good], 0.1, "preprocess_max_rejected")
    with pytest.raises(TooManyRejectedError) as caught:
        check_run(
            "preprocess_images",
            [share(10, 2), Share(10, {"truncated": 1, "empty_file": 1})],
            0.1,
            "preprocess_max_rejected",
        )
    assert str(caught.value) == (
        "4 of 20 inputs were rejected (truncated 3, empty_file 1) by preprocess_images in all 2 "
        "tasks, more than the share of 0.1 that preprocess_max_rejected allows: the logs of its "
        "tasks name them, and their ledgers list them all."
    )


@pytest.mark.parametrize(
    ("inputs", "rejected", "fails"), [(0, 0, False), (1, 1, False), (5, 2, False), (5, 5, True)]
)
def test_a_run_of_few_new_images_fails_only_beyond_chance(
    inputs: int, rejected: int, fails: bool
) -> None:
    """One broken image of a night is no failure, all of several are; a shard leaves it to that."""
    found = share(inputs, rejected)
    check_shard(found, 0.1, is_of_new=True)
    if not fails:
        check_run("predict", [found], 0.1, "predict_max_rejected", is_of_new=True)
        return
    with pytest.raises(TooManyRejectedError):
        check_run("predict", [found], 0.1, "predict_max_rejected", is_of_new=True)
    with pytest.raises(TooManyRejectedError):
        check_shard(share(100, 100), 0.1, is_of_new=True)
