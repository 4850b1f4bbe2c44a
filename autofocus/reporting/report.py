"""The report of a training: one HTML file that needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.boxes.box import Box
from autofocus.errors import need
from autofocus.evaluation.confusion import ConfusionPart, most_confused
from autofocus.evaluation.training_metrics import Metrics
from autofocus.images.preparing import Preparation
from autofocus.labels.kinds import is_empty_like
from autofocus.reporting import charts, formats, sequence_wording, wording
from autofocus.reporting.levels import LEVELS
from autofocus.reporting.mistakes import Misclassified, tiles, withhold
from autofocus.reporting.roc_chart import roc_chart

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Context:
    """The content of a report besides the metrics.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        backbone: the backbone's name.
        preparation: how the images were prepared, if known.
        settings: of the training.
        show_people: whether images with one of `people_labels` are shown.
        people_labels: labels of people.
        mistakes: the misclassified test images, the most confident first.
        boxes: the box in each image, where known.
        detector: the detector's name, if the classifier uses it.
    """

    image_dir: Path
    backbone: str
    preparation: Preparation | None
    settings: Mapping[str, Any]
    show_people: bool
    people_labels: tuple[str, ...]
    mistakes: Sequence[Misclassified]
    boxes: Mapping[str, Box] = field(default_factory=dict)
    detector: str = ""


@dataclass(frozen=True)
class Report:
    """The report of a training.

    Attributes:
        metrics: of the training.
        context: the rest of its content.
    """

    metrics: Metrics
    context: Context

    def render(self) -> str:
        """Return the report as HTML."""
        jinja2 = need("jinja2", "train")
        # Labels and file names come from elsewhere: all text is escaped.
        environment = jinja2.Environment(
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= _words()
        html: str = environment.get_template("report.html.j2").render(
            **{name: value for name, value in vars(self.metrics).items() if name != "refit"},
            refitted=self.metrics.refit,
            context=self.context,
            level=LEVELS[self.metrics.split.level],
            kind=LEVELS[self.metrics.test.group_kind],
            sentences=wording.summary(self.metrics),
            headline=wording.headline(self.metrics),
            confusion=self._confusion(),
            shown=wording.shown_classes(self.metrics),
            columns=wording.shown_classes(self.metrics, wording.MOST_COLUMNS),
            empty_candidates=[one for one in self.metrics.labels if is_empty_like(one)],
            other_warnings=self._other_warnings(),
            mixups=wording.mixups(self.metrics.test, self.metrics.labels),
            weakest=wording.weakest_class(self.metrics.test),
            tiles=list(tiles(self._mistakes(), self.context.boxes)),
            preparation=_prepared(self.context.preparation),
            version=__version__,
        )
        return html

    def _other_warnings(self) -> list[str]:
        # Those of the split are shown in a box of their own.
        shown = self.metrics.split.warnings
        return [one for one in dict.fromkeys(self.metrics.warnings) if one not in shown]

    def _confusion(self) -> ConfusionPart | None:
        matrix = self.metrics.test.confusion_matrix
        return None if matrix is None else most_confused(self.metrics.labels, matrix)

    def _mistakes(self) -> Sequence[Misclassified]:
        if self.context.show_people:
            return self.context.mistakes
        return withhold(self.context.mistakes, self.context.people_labels)


def _words() -> dict[str, Any]:
    """Return the functions and tables that templates use."""
    functions = (
        formats.percent,
        formats.points,
        formats.between,
        formats.with_interval,
        formats.count,
        formats.listed,
        formats.number,
        wording.held_out_images,
        charts.reliability_chart,
        charts.history_chart,
        charts.coverage_chart,
        roc_chart,
        sequence_wording.has_votes,
        sequence_wording.refit,
        sequence_wording.boxes_found,
        wording.lacking,
        wording.own_target,
    )
    return {function.__name__: function for function in functions} | {"SLICES": wording.SLICES}


def _prepared(preparation: Preparation | None) -> str:
    return "unknown" if preparation is None else preparation.describe()
