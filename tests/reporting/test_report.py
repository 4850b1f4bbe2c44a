"""Claims about the report's HTML."""

import itertools
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.images.thumbnails import read_thumbnail
from autofocus.reporting.mistakes import Misclassified
from autofocus.reporting.report import Report
from tests.reporting import example
from tests.reporting.example_evaluation import evaluation
from tests.reporting.markup import Markup

EVIL = '<script>alert("1")</script>'
Make = Callable[[], dict[str, Any]]
MAKES = [example.full, example.minimal, example.multilabel]


def render(
    folder: Path, metrics: dict[str, Any] | None = None, number: int = 14, **more: Any
) -> str:
    """Render a report with some mistakes; its no-break spaces are made plain."""
    wrong = more.pop("mistakes", None) or example.mistakes(folder / "photographs", number)
    report = Report(
        example.typed(metrics or example.full()), example.context(folder, wrong, **more)
    )
    return report.render().replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


@pytest.mark.parametrize("make", MAKES)
def test_it_needs_nothing_from_elsewhere(tmp_path: Path, make: Make) -> None:
    """All pictures are inside, no other place is named, and the browser is told to fetch none."""
    page = Markup.of(text := render(tmp_path, make()))
    sources = [each.attributes["src"] for each in page.elements if "src" in each.attributes]
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    links = [each.attributes["href"] for each in page.elements if "href" in each.attributes]
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"https?:|//\w|url\(|@import", re.sub(r'src="[^"]*"', "", text))
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text


@pytest.mark.parametrize("make", MAKES)
def test_it_can_be_read_by_a_screen_reader(tmp_path: Path, make: Make) -> None:
    """Headings have an order, tables captions and scopes, pictures words, links a target."""
    page = Markup.of(render(tmp_path, make()))
    levels = [int(each.tag[1]) for each in page.find("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert Counter(levels)[1] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert len(page.find("table")) == len(page.find("caption")) > 0
    assert all(each.text.strip() for each in page.find("caption"))
    assert all(each.attributes["scope"] in ("row", "col") for each in page.find("th"))
    assert all(len(each.attributes["alt"]) > 20 for each in page.find("img"))
    for drawing in page.find("svg"):
        assert drawing.attributes.get("aria-hidden") or len(drawing.attributes["aria-label"]) > 20
    scrolling = [each for each in page.find("div") if each.attributes.get("class") == "scroll"]
    assert len(scrolling) == len(page.find("table"))
    assert all(each.attributes["tabindex"] == "0" for each in scrolling)
    assert all(each.attributes["aria-label"] for each in scrolling)
    assert page.find("html")[0].attributes["lang"] == "en"


@pytest.mark.parametrize("make", MAKES)
def test_every_link_has_its_target(tmp_path: Path, make: Make) -> None:
    """What is linked to is there, once."""
    page = Markup.of(render(tmp_path, make()))
    names = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(names) == len(set(names))
    targets = [each.attributes["href"][1:] for each in page.find("a")]
    targets += [each.attributes.get("aria-labelledby", "") for each in page.elements]
    assert set(targets) - {""} <= set(names)


def test_it_tells_the_figures(tmp_path: Path) -> None:
    """The headline, the comparison, calibration, thresholds, folds and views are all said."""
    text = render(tmp_path)
    for told in (
        '<p class="figure">85 %</p>',
        'by <a href="#term-cross-validation">cross-validation</a> of all 806 images',
        "expect about 76 to be classified correctly (95 % confidence interval 71 to 85)",
        "seems to reach an accuracy of 94 %. This is too high because of leakage",
        "Before calibration.</strong> Expected calibration error: 11.2 points.",
        "After calibration.</strong> Expected calibration error: 2.8 points.",
        "63 % (95 % confidence interval 52 to 70 %) of the images are accepted without review",
        "96 % (95 % confidence interval 92 to 98 %) of these are correct.",
        "none reaches the target: all predictions “raccoon” need review",
        "The mean accuracy is 76 %, with a standard deviation of 4.9 points",
        "A box was found in 3,900 images (3,690 by motion and 210 by the detector). Of 531 images",
        "71 % (95 % confidence interval 58 to 80 %) of the sequences are accepted without review",
        "They hold 76 % of the images.",
        "The head of the saved model was then trained in the same way on all 4,431 images.",
        "Empty images against others (ROC): the values are in the table below",
        "59 are not empty: 18 % (95 % confidence interval 12 to 25 %)",
        "12 % (95 % confidence interval 8 to 17 %) of the non-empty images are missed",
        "squirrel has 381 images of one location.",
        "12 images were left out as duplicates.",
        "198 pixels cropped from the bottom",
    ):
        assert told in text


def test_the_worst_is_marked_in_words(tmp_path: Path) -> None:
    """The weakest class and the worst of each slicing carry a word, not a colour alone."""
    page = Markup.of(render(tmp_path))
    rows = [each.text.split() for each in page.find("th") if each.attributes["scope"] == "row"]
    assert ["raccoon", "weakest"] in rows
    assert [row[:-1] for row in rows if row[-1] == "worst"] == [
        ["D03-AMP1"], ["night"], ["dark", "(32", "to", "64)"], ["Bushnell", "119636C"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("image", "These results are optimistic: do not rely on them"),
        ("sequence", "These results are optimistic for new locations"),
    ],
)
def test_optimistic_results_are_said_to_be_so_first(tmp_path: Path, level: str, told: str) -> None:
    """The warning is the first heading after the title, before any metric."""
    metrics = example.full()
    metrics["split"]["level"] = metrics["test"]["group_kind"] = level
    metrics["split"]["warnings"] = ["No location is known."]
    metrics["warnings"].append("No location is known.")
    text = render(tmp_path, metrics)
    assert Markup.of(text).find("h2")[0].text == told
    assert text.count("No location is known.") == 1
    assert text.index(told) < text.index('class="figure"')
    assert told not in render(tmp_path)


def test_a_split_that_makes_no_difference_is_not_said_to_leak(tmp_path: Path) -> None:
    """Where both ways of splitting give the same, that is said."""
    metrics = example.full()
    metrics["comparison"]["by_image_accuracy"] = 0.77
    text = render(tmp_path, metrics)
    assert "leakage" not in text
    assert "makes no relevant difference" in text


def test_nothing_is_claimed_without_a_test(tmp_path: Path) -> None:
    """Without test images there is no accuracy, but words that say so."""
    text = render(tmp_path, example.minimal(), number=0)
    assert 'class="figure"' not in text
    assert "The classifier was not evaluated: there are no test images." in text
    assert "The training did not converge" in text


def test_several_labels_have_no_confusion_matrix(tmp_path: Path) -> None:
    """They have an average precision instead."""
    page = Markup.of(render(tmp_path, example.multilabel()))
    titles = [each.text for each in page.find("h2")]
    assert "Confusion matrix" not in titles
    assert "Average precision" in [each.text for each in page.find("th")]


def nullified(values: Any) -> Any:
    """Return the same with every figure unknown."""
    if isinstance(values, dict):
        kept = (
            "label",
            "images",
            "by",
            "value",
            "groups",
            "right",
            "called",
            "missed",
            "labels",
            "sequences",
        )
        return {
            key: value if key in kept or isinstance(value, str) else nullified(value)
            for key, value in values.items()
        }
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return [nullified(value) for value in values]
    return None


@pytest.mark.parametrize(
    "name",
    [
        "calibration", "thresholds", "sequence", "empty", "most_common_class", "slices",
        "per_class", "accuracy_95_percent_interval", "balanced_accuracy", "top_3_accuracy",
    ],
)  # fmt: skip
def test_figures_may_be_unknown(tmp_path: Path, name: str) -> None:
    """Each part of the evaluation can be missing, or be there with nothing known in it."""
    for value in (nullified(evaluation()[name]), None):
        if value is None and name in ("slices", "per_class"):
            continue
        metrics = example.full()
        metrics["test"][name] = value
        Markup.of(text := render(tmp_path, metrics, number=1))
        assert "None" not in text
        assert "nan" not in re.sub(r'src="[^"]*"', "", text).casefold().split()


def test_folds_without_sequences_can_be_told(tmp_path: Path) -> None:
    """A cross-validation of one known fold has no spread."""
    metrics = example.full()
    metrics["folds"] |= {
        "standard_deviation": None, "sequence_mean": None, "sequence_standard_deviation": None
    }  # fmt: skip
    for row in metrics["folds"]["rows"]:
        row["sequence_accuracy"] = None
    text = render(tmp_path, metrics)
    assert "The mean accuracy is 76 %.</p>" in text


def test_names_are_text_not_code(tmp_path: Path) -> None:
    """Labels, file names, places, settings and warnings that look like HTML do nothing."""
    metrics = example.full()
    metrics["labels"][0] = metrics["test"]["per_class"][0]["label"] = EVIL
    metrics["images"][EVIL] = metrics["images"]["bird"]
    metrics["test"]["most_common_class"] = [EVIL, 0.4]
    metrics["test"]["slices"][0]["rows"][0]["value"] = EVIL
    metrics["warnings"] = [EVIL]
    photograph = example.photograph(tmp_path / "a.jpg")
    wrong = [
        Misclassified(partial(read_thumbnail, photograph), f'{EVIL}/"onload="x', EVIL, EVIL, 0.5)
    ]
    text = render(tmp_path, metrics, mistakes=wrong, settings={EVIL: EVIL}, backbone=EVIL)
    page = Markup.of(text)
    assert page.find("script") == []
    assert not any("onload" in each.attributes for each in page.elements)
    assert text.count("&lt;script&gt;") > 12


def test_each_photograph_tells_its_file_labels_and_score(tmp_path: Path) -> None:
    """Who can't see a thumbnail reads its true and its predicted label."""
    page = Markup.of(render(tmp_path))
    assert page.find("img")[0].attributes["alt"] == (
        "raccoon/CHIL - D03-AMP1-JU16_00000.JPG: true label raccoon, predicted cat, "
        "confidence 99 %"
    )


def test_people_are_not_shown_unless_asked(tmp_path: Path) -> None:
    """Of fourteen mistakes two were classified as human: they have words instead of a picture."""
    page = Markup.of(text := render(tmp_path))
    assert len(page.find("img")) == 12
    assert text.count("Not shown: it may show a person") == 2
    assert "labels human, person and people, true or predicted, are not shown" in text
    shown = render(tmp_path, show_people=True)
    assert len(Markup.of(shown).find("img")) == 14
    assert "ot shown" not in shown


def test_what_moved_is_framed(tmp_path: Path) -> None:
    """A box of motion is drawn where it is, one that is the whole frame isn't."""
    wrong = example.mistakes(tmp_path / "photographs", 2)
    boxes = {
        wrong[0].name: Box(0.25, 0.5, 0.2, 0.3, 0.8, 5, "motion", ""),
        wrong[1].name: Box(0.0, 0.0, 1.0, 1.0, 0.0, 0, "whole_frame", "a single frame"),
    }
    text = render(tmp_path, mistakes=wrong, boxes=boxes)
    assert text.count('class="box"') == 1
    assert 'style="left:25.00%;top:50.00%;width:20.00%;height:30.00%"' in text


def test_it_stays_small(tmp_path: Path) -> None:
    """Beyond the surest 48, mistakes are counted, not shown: even noise stays below 3 MB."""
    noise = tmp_path / "noise.png"
    Image.effect_noise((640, 480), 90).convert("RGB").save(noise)
    wrong = [
        Misclassified(partial(read_thumbnail, noise), f"{n}.JPG", "cat", "dog", 0.5)
        for n in range(60)
    ]
    text = render(tmp_path, mistakes=wrong)
    assert len(Markup.of(text).find("img")) == 48
    assert "The other 12 are in <code>misclassified.csv</code>" in text
    assert len(text) < 3_000_000


def test_a_photograph_that_is_gone_does_not_end_the_report(tmp_path: Path) -> None:
    """A file that can't be read any more has words instead of a picture."""
    gone = Misclassified(
        partial(read_thumbnail, tmp_path / "gone.jpg"), "gone.jpg", "cat", "dog", 0.5
    )
    text = render(tmp_path, mistakes=[gone])
    assert Markup.of(text).find("img") == []
    assert "Not shown: no plain file, or a link to nowhere" in text


def test_calibration_that_does_harm_is_said_to(tmp_path: Path) -> None:
    """Where probabilities are worse after it than before, the report warns; else it doesn't."""
    told = "calibration made the probabilities worse"
    metrics = example.full()
    metrics["test"]["calibration"]["after"]["expected_calibration_error"] = 0.2
    assert told in render(tmp_path, metrics)
    assert told not in render(tmp_path)


FITTED_ON = {
    "validation": "fitted on the validation set. The model outputs calibrated",
    "cross-validation": "fitted on training and validation images, each predicted by a "
    "classifier that was not trained on its group (cross-validation)",
    "none": "There were no images to calibrate it on: its probabilities are not calibrated",
}
CHOSEN_ON = {
    "validation": "Thresholds were selected on the validation set for a",
    "cross-validation": "Thresholds were selected on training and validation images, each",
    "none": "There were no images to select thresholds on",
}


@pytest.mark.parametrize("fitted_on", ["validation", "cross-validation", "none"])
def test_what_was_fitted_on_what_is_said(tmp_path: Path, fitted_on: str) -> None:
    """Calibration and thresholds name the images that they were fitted on, and no others."""
    metrics = example.full()
    metrics["test"]["calibration"]["fitted_on"] = fitted_on
    metrics["test"]["thresholds"]["fitted_on"] = fitted_on
    text = render(tmp_path, metrics)
    for sentences in (FITTED_ON, CHOSEN_ON):
        assert {name: told in text for name, told in sentences.items()} == {
            name: name == fitted_on for name in sentences
        }


@pytest.mark.parametrize("fitted_on", ["validation", "none"])
def test_without_calibration_there_is_no_after(tmp_path: Path, fitted_on: str) -> None:
    """Probabilities that were not calibrated have one diagram and one set of numbers."""
    metrics = example.full()
    metrics["test"]["calibration"]["fitted_on"] = fitted_on
    text = render(tmp_path, metrics)
    is_fitted = fitted_on != "none"
    for told in ("Before calibration", "After calibration", "both diagrams", "Images before"):
        assert (told in text) is is_fitted
    for told in ("Not calibrated", "Values of the diagram"):
        assert (told in text) is not is_fitted


def test_the_step_that_was_kept_is_said(tmp_path: Path) -> None:
    """Gradient descent keeps the step that validation chose, which need not be the last."""
    metrics = example.full()
    metrics["head"] |= {"optimizer": "gradient_descent", "steps": 30}
    metrics["history"] = [
        {"step": step, "training_cross_entropy": 0.5, "validation_cross_entropy": entropy}
        for step, entropy in ((10, 0.7), (20, 0.6), (30, 0.8))
    ]
    kept = "of gradient descent; the step with the lowest validation cross-entropy (20) was kept"
    assert kept in render(tmp_path, metrics)
    for row in metrics["history"]:
        del row["validation_cross_entropy"]
    assert "of gradient descent. " in render(tmp_path, metrics)


def test_without_fine_tuning_is_said_of_folds(tmp_path: Path) -> None:
    """Folds and the comparison of splits are of a classifier that was not fine-tuned."""
    metrics = example.full()
    assert "without fine-tuning" not in render(tmp_path, metrics)
    metrics["head"]["fine_tuning"] = {"layers": 1}
    text = render(tmp_path, metrics)
    assert "Cross-validation without fine-tuning, in which" in text
    assert "the same classifier without fine-tuning seems to reach" in text
    assert ", without fine-tuning. The mean accuracy" in text


def test_without_test_images_new_locations_are_not_claimed(tmp_path: Path) -> None:
    """Where no image was tested, no location was either."""
    metrics = example.full()
    told = "the locations of the test set were never seen in training"
    assert told in render(tmp_path, metrics)
    metrics["test"] = example.empty_test()
    assert told not in render(tmp_path, metrics, number=0)


def test_a_view_that_nothing_could_choose_was_not_chosen(tmp_path: Path) -> None:
    """Without scores on held-out images, the report doesn't claim that they chose the view."""
    metrics = example.full()
    told = "this one was selected by the votes of sequences in groups that were held out in turn"
    assert told in render(tmp_path, metrics)
    for row in metrics["view"]["candidates"]:
        row["brier_score"] = None
    text = render(tmp_path, metrics)
    assert "this one was selected" not in text
    assert "there were no held-out images to select on: the first one is used" in text


def test_the_headline_is_that_of_the_test_split_without_folds(tmp_path: Path) -> None:
    """So it is for a fine-tuned classifier, which was not cross-validated itself."""
    tuned = {**example.full()["head"], "fine_tuning": {"blocks": 2}}
    for changed in ({"folds": None}, {"head": tuned}):
        text = render(tmp_path, {**example.full(), **changed})
        assert 'by <a href="#term-cross-validation">cross-validation</a> of all' not in text


def test_what_other_precisions_accept_is_said(tmp_path: Path) -> None:
    """With what is missing for a class that none of its thresholds reaches the target."""
    text = render(tmp_path)
    assert "squirrel (has 6); each needs 14 independent right predictions" in text
    assert "precision by the share of predictions that are accepted" in text
    assert re.search(r"this concerns 14 images: 2 % \(95 % confidence interval .* to 4 %\)", text)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["cat", "Blank"], "train with <code>--empty_labels Blank</code>"),
        (["cat", "dog"], "name it with <code>--empty_labels</code>"),
    ],
)
def test_missed_animals_are_never_passed_over(
    tmp_path: Path, labels: list[str], told: str
) -> None:
    """Where no label counts as empty, the report says so, and names candidates."""
    metrics = example.full()
    metrics["test"]["empty"] = None
    metrics |= {
        "labels": labels,
        "images": dict.fromkeys(labels, metrics["images"]["cat"]),
        "test": {**metrics["test"], "confusion_matrix": [[3, 1], [0, 2]]},
    }
    text = render(tmp_path, metrics)
    assert "It is unknown how many animals are missed" in text
    assert told in text


def test_activity_and_locations_are_counted(tmp_path: Path) -> None:
    """Each label has a row of 24 hours, each location one of all labels; the rest is folded."""
    page = Markup.of(text := render(tmp_path))
    captions = [each.text.strip() for each in page.find("caption")]
    assert any(caption.startswith("Activity: images per label and hour") for caption in captions)
    assert "Images per location and label of the others" in captions
    assert "3 images without a time are left out of the first table" in text
