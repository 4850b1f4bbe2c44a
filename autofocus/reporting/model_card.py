"""The model card: what a model is for, how good it is and where not to trust it, as Markdown.

Its headings are those of Mitchell and others, "Model Cards for Model Reporting" (FAT* 2019).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from autofocus import __version__
from autofocus.evaluation.metrics import AnimalScoreMetrics, Evaluation, Slice
from autofocus.evaluation.training_metrics import Metrics
from autofocus.images.preparing import Preparation
from autofocus.reporting.formats import UNKNOWN, between, count, listed, number, percent
from autofocus.reporting.levels import LEVELS
from autofocus.reporting.sequence_wording import boxes_found, refit
from autofocus.reporting.wording import MOST_ROWS, SLICES, mixups, shown_classes, summary

# More values of a slice are counted rather than listed.
_MAX_ROWS = 20
# The thresholds of the animal score that are shown, of those in `metrics.json`.
_SHOWN_SKIPS = (0.05, 0.1, 0.2, 0.5)
# Characters that Markdown or HTML would take for marks; labels and paths come from elsewhere.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")
_VIEWS = {
    "full": "the full frame",
    "motion": "the crop around motion, found by comparison with the images that the same camera "
    "took before and after; the full frame where nothing moved",
    "detector": "the crop around what the detector found; the full frame where it found nothing",
    "combined": "the crop around motion, or else around what the detector found; the full frame "
    "where neither found anything",
    "both": "the full frame beside the crop around motion, found by comparison with the images "
    "that the same camera took before and after",
}


@dataclass(frozen=True)
class ModelCard:
    """The card of a trained model.

    It has neither date nor run: the same training makes the same card.

    Attributes:
        metrics: of the training.
        backbone: the backbone's name.
        preparation: how the images were prepared; None if unknown.
        people_labels: labels of people.
    """

    metrics: Metrics
    backbone: str
    preparation: Preparation | None
    people_labels: Sequence[str]

    def render(self) -> str:
        """Return the card as Markdown."""
        sections = (
            ("Model details", self._details()),
            ("Intended use", self._use()),
            ("Factors", self._factors()),
            ("Metrics", self._metrics()),
            ("Evaluation data", self._evaluation_data()),
            ("Training data", self._training_data()),
            ("Quantitative analyses", self._analyses()),
            ("Ethical considerations", self._ethics()),
            ("Caveats and recommendations", self._caveats()),
        )
        parts = [f"# Model card: {self._title}"]
        for heading, blocks in sections:
            parts += [f"## {heading}", *blocks]
        return "\n\n".join(parts).replace("\N{NO-BREAK SPACE}", " ") + "\n"

    @property
    def _title(self) -> str:
        classes = count(len(self.metrics.labels), "class", "classes")
        return f"classifier of camera-trap images, {classes}"

    def _details(self) -> Iterator[str]:
        metrics = self.metrics
        head = metrics.head
        tuning = "its last blocks fine-tuned" if head.fine_tuning else "frozen"
        several = "each with a probability of its own" if metrics.multilabel else "one per image"
        yield _bullets(
            [
                f"Classes ({several}): {_texts(metrics.labels)}{self._further('labels.txt')}.",
                (
                    f"Backbone: {_text(self.backbone)}, pretrained on ImageNet unless it is "
                    f"your own, {tuning}."
                ),
                (
                    f"Head: logistic regression ({_text(head.optimizer)}, L2 regularisation "
                    f"{number(head.strength)}, class weights {_text(head.class_weights)})."
                ),
                " ".join(
                    [f"Input: {_VIEWS[metrics.view.chosen]}.", boxes_found(metrics.view)]
                ).strip(),
                f"Preparation of images: {self._prepared()}.",
                (
                    f"Trained by Autofocus {__version__}; data digest "
                    f"`{metrics.data_digest[:12]}`, split digest `{metrics.split.digest[:12]}`."
                ),
            ]
        )

    def _further(self, file: str) -> str:
        return f"; `{file}` has all of them" if len(self.metrics.labels) > MOST_ROWS else ""

    @cached_property
    def _shown(self) -> frozenset[str]:
        return shown_classes(self.metrics)

    def _limited(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Return a table of classes, and what it leaves out."""
        table = _table(columns, rows)
        if not self._further(""):
            return table
        number = len(self.metrics.labels)
        return (
            f"{table}\n\nThe {len(self._shown)} classes with most images, of {number:,}; "
            "`metrics.json` has all of them."
        )

    def _prepared(self) -> str:
        if self.preparation is None:
            return "unknown; images are used as they are"
        one = self.preparation
        if one.is_auto or one.cameras:
            return one.describe()
        return (
            f"{one.trim_top} pixels cropped from the top and {one.trim_bottom} from the bottom, "
            f"shorter side {one.min_side} pixels"
        )

    def _use(self) -> Iterator[str]:
        yield _bullets(
            [
                (
                    "Use: sorting images of camera traps like those of the training data, so "
                    "that people review fewer of them. `autofocus predict` and `autofocus serve` "
                    "apply it."
                ),
                (
                    "Users: ecologists and their assistants, who review what the model does not "
                    "accept."
                ),
                (
                    "Not for: other species than the classes above (an image of one gets the "
                    "label that is most similar), images of other cameras than traps, counts of "
                    "individuals, and the identification of people."
                ),
            ]
        )

    def _factors(self) -> Iterator[str]:
        measured = [
            SLICES.get(one.by, (one.by, ""))[0].lower() for one in self.metrics.test.slices
        ]
        yield (
            "The background of a location, infrared light, brightness, the camera's make, and the "
            "distance and pose of the animal change how well a classifier does."
        )
        known = (
            f"Measured by {listed(measured)}"
            if measured
            else "The test images tell none of these apart"
        )
        yield f"{known}; see [Quantitative analyses](#quantitative-analyses)."

    def _metrics(self) -> Iterator[str]:
        test = self.metrics.test
        yield (
            "Accuracy, balanced accuracy (the mean recall of all classes), precision and recall "
            f"per class. Confidence intervals (95 %): {_text(test.interval_method)}."
        )
        if calibration := test.calibration:
            yield (
                f"Probabilities are calibrated by a temperature of "
                f"{number(calibration.temperature)}, fitted on: {calibration.fitted_on}."
            )
        if test.sequence and (votes := test.sequence.thresholds):
            yield (
                f"A sequence is accepted without review from the threshold of its class for "
                f"sequences, chosen for a {votes.target} of {percent(votes.value)}."
            )
        if test.thresholds:
            yield (
                f"A prediction is accepted without review from the threshold of its class, chosen "
                f"for a {test.thresholds.target} of {percent(test.thresholds.value)}, on: "
                f"{test.thresholds.fitted_on}."
            )

    def _evaluation_data(self) -> Iterator[str]:
        split, test = self.metrics.split, self.metrics.test
        if not test.images:
            yield "There are no test images: nothing is known of the model's accuracy."
            return
        level = LEVELS[split.level]
        yield (
            f"{self._number('test')}, held out by {level.group}: no {level.group} is in more than "
            f"one of training, validation and test. The metrics hold for images {level.where}."
        )

    def _training_data(self) -> Iterator[str]:
        yield (
            f"{self._number('training')} for training, {self._number('validation')} for "
            f"validation. {refit(self.metrics.refit)}".strip()
            + " The project that trained the model holds the rights in them."
        )
        rows = [
            [
                _text(label),
                *(str(parts.get(part, 0)) for part in ("training", "validation", "test")),
            ]
            for label, parts in self.metrics.images.items()
            if label in self._shown
        ]
        yield self._limited(["class", "training", "validation", "test"], rows)

    def _number(self, part: str) -> str:
        split = self.metrics.split
        images = count(split.images.get(part, 0), "image")
        if split.level == "image":
            return images
        level = LEVELS[split.level]
        preposition = "from" if split.level == "location" else "in"
        return (
            f"{images} {preposition} {count(split.groups.get(part, 0), level.group, level.groups)}"
        )

    def _analyses(self) -> Iterator[str]:
        test = self.metrics.test
        sentences = summary(self.metrics)
        yield _bullets(map(_text, sentences)) if sentences else "Nothing was evaluated."
        if test.empty and test.empty.scores:
            yield "### Empty images"
            yield _animal_score_table(test.empty.scores)
        if test.images:
            yield "### By class"
            yield self._class_table(test)
            if pairs := mixups(test, self.metrics.labels):
                yield f"Most frequent confusions: {_text('; '.join(pairs))}."
        for sliced in test.slices:
            heading = SLICES.get(sliced.by, (sliced.by, ""))[0]
            yield f"### By {_text(heading.lower())}"
            yield _slice_table(sliced)
        if test.slices:
            yield "Combinations of these factors are not evaluated."

    def _class_table(self, test: Evaluation) -> str:
        limits = (
            {row.label: row.threshold for row in test.thresholds.per_class}
            if test.thresholds
            else {}
        )
        return self._limited(
            ["class", "test images", "precision", "recall", "accepted from"],
            [
                [
                    _text(row.label),
                    str(row.images),
                    _share(row.precision.value, row.precision.interval),
                    _share(row.recall.value, row.recall.interval),
                    "always reviewed"
                    if (limit := limits.get(row.label)) is None
                    else f"{limit:.3f}",
                ]
                for row in test.per_class
                if row.label in self._shown
            ],
        )

    def _ethics(self) -> Iterator[str]:
        people = [label for label in self.metrics.labels if label in self.people_labels]
        sentences = [
            f"The classes {_texts(people)} are of people: their images are personal data. The "
            "report does not show them unless asked."
            if people
            else "Camera traps photograph people, too, and the model has no class for them: an "
            "image of a person gets the label of something else. Review images before you "
            "publish them.",
            (
                "Labels together with the locations of cameras tell where rare animals live: blur "
                "or withhold coordinates of species that are hunted."
            ),
            (
                "An image that the model takes for empty may show an animal: see the share of "
                "missed animals before you delete any."
            ),
        ]
        yield _bullets(sentences)

    def _caveats(self) -> Iterator[str]:
        warnings = list(dict.fromkeys((*self.metrics.split.warnings, *self.metrics.warnings)))
        advice = [
            (
                "Check the model on a few hundred images of your own, labelled by people, before "
                "you rely on it at other locations, in another season or with other cameras."
            ),
            "Train again when cameras are moved or species appear that it does not know.",
        ]
        yield _bullets([*map(_text, warnings), *advice])


def _slice_table(sliced: Slice) -> str:
    rows = [
        [
            _text(row.value) or UNKNOWN,
            str(row.images),
            _share(row.accuracy.value, row.accuracy.interval),
        ]
        for row in sliced.rows[:_MAX_ROWS]
    ]
    table = _table([sliced.by, "test images", "accuracy"], rows)
    further = len(sliced.rows) - len(rows)
    return f"{table}\n\nFurther values: {further}; see `metrics.json`." if further else table


def _animal_score_table(scores: AnimalScoreMetrics) -> str:
    """Return what skipping images below an animal score does, for some thresholds."""
    rows = [
        [
            f"{row.threshold:g}",
            _share(row.empty_skipped.value, row.empty_skipped.interval),
            _share(row.missed.value, row.missed.interval),
        ]
        for row in scores.skips
        if row.threshold in _SHOWN_SKIPS
    ]
    return _table(["animal score below", "empty images skipped", "others missed"], rows)


def _share(value: float | None, interval: tuple[float, float] | None) -> str:
    bounds = between(interval)
    return f"{percent(value)} ({bounds})" if bounds else percent(value)


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _texts(texts: Sequence[str]) -> str:
    return listed([_text(text) for text in texts], most=MOST_ROWS)


def _text(text: str) -> str:
    """Return a text that comes from elsewhere as Markdown that shows it as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
