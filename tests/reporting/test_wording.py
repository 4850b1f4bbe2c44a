"""Claims about metrics in words."""

import pytest

from autofocus.reporting import formats, wording
from tests.reporting import example
from tests.reporting.example_evaluation import LABELS, evaluation


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
    assert plain(formats.percent(share)) == told


def test_texts_are_listed_as_in_a_sentence() -> None:
    """One, two, and more than can be named."""
    assert formats.listed(["a"]) == "a"
    assert formats.listed(["a", "b"]) == "a and b"
    assert formats.listed(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


def test_the_summary_tells_what_an_ecologist_asks() -> None:
    """Each sentence of a full summary has the metrics of the example."""
    assert plain("\n".join(wording.summary(example.typed(example.full())))) == (
        "Of 100 sequences at locations that it has never seen, expect about 85 to be classified "
        "correctly by the vote of their images (95 % confidence interval 78 to 90). This was "
        "measured by cross-validation on 271 sequences.\n"
        "Of 100 single images from locations that it has never seen, expect about 76 to be "
        "classified correctly (95 % confidence interval 71 to 85). This was measured by "
        "cross-validation on 806 images at 9 locations.\n"
        "These results belong to the recipe: they were measured with a head that was trained on "
        "3,625 images, without the test images. The head of the saved model was then trained in "
        "the same way on all 4,431 images.\n"
        "On the test split alone, 806 images at 9 locations, the accuracy is "
        "80 % (95 % confidence interval 71 to 85 %).\n"
        "Always predicting “empty”, the most common label, would have an accuracy of 36 %. The "
        "balanced accuracy, in which every class has the same weight, is 72 %.\n"
        "The weakest class is “raccoon”: of 83 images that show it, 57 % are recognised "
        "(recall).\n"
        "Accuracy is lowest at location “D03-AMP1”: 46 %; by night: 71 %; in images that are "
        "dark (32 to 64): 69 %; with camera “Bushnell 119636C”: 72 %.\n"
        "With the thresholds below, 63 % of the images are accepted without review; 96 % of "
        "these are correct.\n"
        "By sequence, 71 % of the sequences, with 76 % of the images, are accepted without "
        "review; 97 % (95 % confidence interval 93 to 99 %) of these sequences are correct.\n"
        "Of images classified as empty, 18 % are not empty (95 % confidence interval 12 to "
        "25 %)."
    )


def test_a_label_without_test_images_is_named() -> None:
    """Such a label was not evaluated, and it isn't the weakest."""
    metrics = example.full()
    metrics["test"]["per_class"][0] |= {"images": 0, "recall": None, "precision": None}
    assert "“bird” was not evaluated: no test image shows it." in wording.summary(
        example.typed(metrics)
    )
    metrics["test"]["per_class"][1] |= {"images": 0, "recall": None, "precision": None}
    sentence = "“bird” and “cat” were not evaluated: no test image shows them."
    assert sentence in wording.summary(example.typed(metrics))


def test_a_class_with_few_images_is_not_called_the_weakest() -> None:
    """Chance would choose among classes with fewer than five."""
    test = evaluation()
    test["per_class"][0] |= {"images": 4, "recall": 0.0}
    weakest = wording.weakest_class(example.typed_test(test))
    assert weakest is not None
    assert weakest.label == "raccoon"


def test_nothing_is_said_without_a_test() -> None:
    """No sentence is made of metrics that are not there."""
    assert wording.summary(example.typed(example.minimal())) == []


def test_without_a_test_set_the_cross_validation_is_reported() -> None:
    """Where all images are used for training, the summary reports the folds alone."""
    metrics = {**example.minimal(), "folds": example.full()["folds"]}
    (told,) = wording.summary(example.typed(metrics))
    assert "expect about 76" in told
    assert "This was measured by cross-validation on" in told


@pytest.mark.parametrize("level", ["sequence", "image"])
def test_other_splits_do_not_claim_new_locations(level: str) -> None:
    """Only a split by location claims anything of locations that were never seen."""
    metrics = example.full()
    metrics["split"]["level"] = metrics["test"]["group_kind"] = level
    first = wording.summary(example.typed(metrics))[0]
    assert "never seen" not in first
    assert "from locations" not in first


def test_the_commonest_mixups_come_first() -> None:
    """Fourteen raccoons misclassified as cats are the most, with their share of the raccoons."""
    mixups = wording.mixups(example.typed_test(evaluation()), LABELS)
    told = "14 of 83 “raccoon” images (17 %) misclassified as “cat”"
    assert plain(mixups[0]) == told
    assert len(mixups) == 4


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ([0.35, 0.91], "The interval is wide: rely on it rather than on the single value."),
        (None, "No confidence interval could be calculated, so it may be due to chance."),
        ([0.71, 0.85], "at 9 locations."),
    ],
)
def test_an_accuracy_of_few_images_is_doubted(interval: list[float] | None, told: str) -> None:
    """Where the interval is wide or unknown, the first sentence says what that means."""
    metrics = {**example.full(), "folds": None}
    metrics["test"]["accuracy_95_percent_interval"] = interval
    metrics["test"]["sequence"]["accuracy_95_percent_interval"] = interval
    by_sequence, by_image = map(plain, wording.summary(example.typed(metrics))[:2])
    assert by_image.endswith(told)
    assert by_sequence.endswith(told.replace("at 9 locations", "on 271 sequences"))


def test_that_no_review_effort_is_saved_is_said() -> None:
    """Where no prediction reaches its threshold, the summary says that all need review."""
    metrics = example.full()
    metrics["test"]["thresholds"]["spared"] |= {"images": 0, "share": 0.0, "precision": None}
    sentence = "All images need review: no prediction on the test set reaches its threshold."
    assert sentence in wording.summary(example.typed(metrics))
