"""Claims about figures in words."""

import pytest

from autofocus.reporting import wording
from tests.reporting import example


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.744, "74 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.625, "63 %"),
        (0.996, "99.6 %"),
        (0.004, "0.4 %"),
        (0.99999, ">99.9 %"),
        (0.00001, "<0.1 %"),
        (None, "unknown"),
        (float("nan"), "unknown"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_none(share: float | None, told: str) -> None:
    """Only 1 is 100 %, and only 0 is 0 %."""
    assert plain(wording.percent(share)) == told


def test_texts_are_listed_as_in_a_sentence() -> None:
    """One, two, and more than can be named."""
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b"]) == "a and b"
    assert wording.listed(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


def test_the_summary_tells_what_an_ecologist_asks() -> None:
    """Each sentence of a full summary has the figures of the example."""
    assert plain("\n".join(wording.summary(example.typed(example.full())))) == (
        "Of 100 photographs from places it has never seen, expect about 80 right (95 % "
        "interval 71 to 85). This was measured on 806 photographs at 9 places.\n"
        "Cross-validation, in which each place takes its turn as the unknown one, finds 76 % "
        "(95 % interval 71 to 85 %) right, on 806 photographs at 9 places.\n"
        "Always answering “empty”, the most common label, would be right for 36 % of them; "
        "with every label counting alike, the classifier is right for 72 %.\n"
        "By burst, all photographs of one burst voting together, it is right for 85 % (95 % "
        "interval 78 to 90 %).\n"
        "It is weakest on “raccoon”: of 83 photographs that show it, 57 % are named so.\n"
        "It does worst at the place “D03-AMP1”: 46 % right; by night: 71 % right; where it is "
        "dark (32 to 64): 69 % right; with the camera “Bushnell 119636C”: 72 % right.\n"
        "At the thresholds below, a person is spared 63 % of the photographs, of which 96 % "
        "are right.\n"
        "Of photographs that it calls empty, 18 % show something after all (95 % "
        "interval 12 to 25 %)."
    )


def test_a_label_without_test_photographs_is_named() -> None:
    """Of such a label nothing is known, and it isn't the weakest."""
    metrics = example.full()
    metrics["test"]["per_class"][0] |= {"images": 0, "recall": None, "precision": None}
    told = "Nothing is known of “bird”: no test photograph shows it."
    assert told in wording.summary(example.typed(metrics))


def test_a_class_with_few_photographs_is_not_called_the_weakest() -> None:
    """Chance would choose among classes with fewer than five."""
    test = example.evaluation()
    test["per_class"][0] |= {"images": 4, "recall": 0.0}
    weakest = wording.weakest_class(example.typed_test(test))
    assert weakest is not None
    assert weakest.label == "raccoon"


def test_nothing_is_said_without_a_test() -> None:
    """No sentence is made of figures that are not there."""
    assert wording.summary(example.typed(example.minimal())) == []


def test_without_a_test_part_the_cross_validation_is_told() -> None:
    """Where all photographs are learned from, the folds alone tell how good it is."""
    metrics = {**example.minimal(), "folds": example.full()["folds"]}
    (told,) = wording.summary(example.typed(metrics))
    assert told.startswith("Cross-validation, in which each ")


@pytest.mark.parametrize("level", ["sequence", "image"])
def test_other_splits_do_not_claim_new_places(level: str) -> None:
    """Only a split by location tells of places that were never seen."""
    metrics = example.full()
    metrics["split"]["level"] = metrics["test"]["group_kind"] = level
    first = wording.summary(example.typed(metrics))[0]
    assert "never seen" not in first
    assert "places it" not in first


def test_the_commonest_mixups_come_first() -> None:
    """Fourteen raccoons taken for cats are the most, with their share of the raccoons."""
    mixups = wording.mixups(example.typed_test(example.evaluation()), example.LABELS)
    told = "14 photographs of “raccoon” (17 % of them) taken for “cat”"
    assert plain(mixups[0]) == told
    assert len(mixups) == 4


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ([0.35, 0.91], "So few say little: hold to the interval."),
        (None, "How much of it is chance is not known."),
        ([0.71, 0.85], "at 9 places."),
    ],
)
def test_a_figure_of_few_photographs_is_doubted(interval: list[float] | None, told: str) -> None:
    """Where the interval is wide, or can't be told, the first sentence says what that means."""
    metrics = example.full()
    metrics["test"]["accuracy_95_percent_interval"] = interval
    assert plain(wording.summary(example.typed(metrics))[0]).endswith(told)


def test_that_no_work_is_spared_is_said() -> None:
    """Where no answer reaches its threshold, the summary does not pass over it."""
    metrics = example.full()
    metrics["test"]["thresholds"]["spared"] |= {"images": 0, "share": 0.0, "precision": None}
    told = "It spares no work: no answer in the test part reaches its threshold."
    assert told in wording.summary(example.typed(metrics))
