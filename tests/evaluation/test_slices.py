"""Claims about slices."""

import pytest

from autofocus.evaluation.metrics import Slice
from autofocus.evaluation.slices import brightness_band, slices
from tests.evaluation.making import made, read

RIGHT, WRONG = [0.9, 0.1], [0.1, 0.9]


def sliced(
    by: str,
    values: dict[str, tuple[int, int]],
    *,
    intervals: bool = True,
    one_group: bool = False,
) -> Slice:
    """Slice images of which each value has so many right and so many wrong."""
    shares = [share for ok, bad in values.values() for share in [RIGHT] * ok + [WRONG] * bad]
    names = [name for name, (ok, bad) in values.items() for _ in range(ok + bad)]
    predictions = made(
        shares,
        [0] * len(shares),
        slices={by: names},
        groups=["g"] * len(names) if one_group else None,
        sequences=[f"s{place % 3}" for place in range(len(names))],
    )
    return slices(predictions, read(predictions), with_intervals=intervals)[0]


@pytest.mark.parametrize(
    ("brightness", "words"),
    [
        (0, "very dark (under 32)"),
        (32, "dark (32 to 64)"),
        (127.9, "medium (64 to 128)"),
        (128, "bright (128 to 192)"),
        (255, "very bright (192 and more)"),
    ],
)
def test_brightness_in_words(brightness: float, words: str) -> None:
    """Bands end where they say."""
    assert brightness_band(brightness) == words


def test_each_value_has_its_accuracy_the_worst_first() -> None:
    """Night with 6 of 12 right stands before day with 11 of 12, and is named."""
    found = sliced("light", {"day": (11, 1), "night": (6, 6)})
    assert [(row.value, row.images, row.accuracy.value) for row in found.rows] == [
        ("night", 12, 0.5),
        ("day", 12, pytest.approx(11 / 12)),
    ]
    assert found.worst == "night"


def test_a_value_of_a_few_images_is_not_called_the_worst() -> None:
    """One wrong image of one is bad luck: with 10 images or more it would be a finding."""
    found = sliced("camera", {"A": (90, 5), "B": (0, 1), "C": (8, 3)})
    assert found.worst == "C"


def test_a_few_images_that_are_surely_worse_are_named() -> None:
    """Nine wrong images of nine, in groups of their own, can't be bad luck."""
    assert sliced("camera", {"A": (500, 0), "B": (0, 9)}).worst == "B"


def test_one_value_is_not_the_worst() -> None:
    """Where there is nothing to compare, none is named, nor where all are equally good."""
    assert sliced("light", {"day": (10, 10)}).worst is None
    assert sliced("camera", {"A": (5, 15), "": (20, 0)}).worst is None
    assert sliced("light", {"day": (10, 10), "night": (10, 10)}).worst is None


def test_the_unknown_is_shown_and_never_the_worst() -> None:
    """Images whose camera is not known have a row of their own."""
    found = sliced("camera", {"A": (20, 0), "B": (18, 2), "": (5, 15)})
    assert [row.value for row in found.rows] == ["", "B", "A"]
    # The known ones are better than all images together: neither is bad.
    assert found.worst is None


def test_brightness_keeps_its_order() -> None:
    """Bands go from dark to bright, whatever their accuracy."""
    found = sliced(
        "brightness",
        {brightness_band(130): (1, 1), brightness_band(10): (2, 0), brightness_band(70): (0, 2)},
    )
    assert [row.value.split(" (")[0] for row in found.rows] == [
        "very dark",
        "medium",
        "bright",
    ]


def test_a_value_of_one_group_has_no_interval_but_a_location_has_by_its_sequences() -> None:
    """A camera at one place says nothing of others; a place is predictions by its sequences."""
    values = {"A": (8, 2), "B": (9, 1)}
    for by, known in (("camera", False), ("location", True)):
        rows = sliced(by, values, one_group=True).rows
        assert [row.accuracy.interval is not None for row in rows] == [known] * 2
        assert [row.groups for row in rows] == [3 if known else 1] * 2


def test_intervals_only_if_asked_for() -> None:
    """Without resamples there are no intervals."""
    rows = sliced("light", {"day": (8, 2), "night": (9, 1)}, intervals=False).rows
    assert [row.accuracy.interval for row in rows] == [None, None]


def test_what_is_known_of_no_image_is_no_slice() -> None:
    """Without any known camera there is no slice by camera."""
    predictions = made([RIGHT], [0], slices={"camera": [""], "light": ["day"]})
    assert [one.by for one in slices(predictions, read(predictions), with_intervals=True)] == [
        "light"
    ]
