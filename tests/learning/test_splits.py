"""Claims about the parts of the data."""

import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from autofocus.learning.splits import Part, part_of

digests = st.binary(max_size=20).map(lambda content: hashlib.sha256(content).hexdigest())


def many(number: int) -> list[str]:
    return [hashlib.sha256(str(n).encode()).hexdigest() for n in range(number)]


@given(digests, st.floats(0, 49), st.floats(0, 49))
def test_an_image_keeps_its_part(digest: str, testing: float, validation: float) -> None:
    """The part depends on the content and the percentages only, so that it stays as data grow."""
    assert part_of(digest, testing, validation) is part_of(digest, testing, validation)


def test_parts_have_the_shares_that_were_asked_for() -> None:
    """Of many images, each part gets about its percentage."""
    counts = Counter(part_of(digest, 20, 10) for digest in many(10_000))
    assert abs(counts[Part.TEST] - 2000) < 150
    assert abs(counts[Part.VALIDATION] - 1000) < 120


@given(digests)
def test_zero_percent_is_none(digest: str) -> None:
    """With nothing kept aside, every image is for training."""
    assert part_of(digest, 0, 0) is Part.TRAINING


@given(digests, st.floats(0, 40), st.floats(0, 40))
def test_a_larger_test_part_only_takes_from_training(
    digest: str, testing: float, more: float
) -> None:
    """Raising testing_percentage moves images from training to test and no others."""
    before, after = part_of(digest, testing, 10), part_of(digest, testing + more, 10)
    assert before is after or (before, after) == (Part.TRAINING, Part.TEST)
