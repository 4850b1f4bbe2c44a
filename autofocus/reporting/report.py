"""The report of a training: one HTML file that needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.errors import need
from autofocus.images.preparing import Preparation
from autofocus.motion.boxes import Box
from autofocus.reporting import charts, wording
from autofocus.reporting.pictures import Misclassified, withhold
from autofocus.reporting.thumbnails import tiles

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Context:
    """What a report tells besides the figures.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        backbone: the backbone's name.
        preparation: how the photographs were prepared, if that is known.
        settings: the options of the training.
        run_id: the run in MLflow.
        show_people: whether photographs with one of `people_labels` are shown.
        people_labels: labels of people.
        mistakes: the misclassified test photographs, the surest first.
        boxes: what moved on photographs, by their names, where that is known.
    """

    image_dir: Path
    backbone: str
    preparation: Preparation | None
    settings: Mapping[str, Any]
    run_id: str
    show_people: bool
    people_labels: tuple[str, ...]
    mistakes: Sequence[Misclassified]
    boxes: Mapping[str, Box] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What a report tells.

    Attributes:
        metrics: all figures, as in `metrics.json`.
        context: what there is besides.
    """

    metrics: Mapping[str, Any]
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
            **{"training": None, "validation": None} | dict(self.metrics),
            context=self.context,
            level=wording.LEVELS[self.metrics["split"]["level"]],
            kind=wording.LEVELS[self.metrics["test"]["group_kind"]],
            sentences=wording.summary(self.metrics),
            other_warnings=self._other_warnings(),
            mixups=wording.mixups(self.metrics["test"], self.metrics["labels"]),
            weakest=wording.weakest_class(self.metrics["test"]),
            tiles=list(tiles(self._mistakes(), self.context.boxes)),
            preparation=_prepared(self.context.preparation),
            version=__version__,
        )
        return html

    def _other_warnings(self) -> list[str]:
        # Those of the split stand in a box of their own.
        told = self.metrics["split"]["warnings"]
        return [one for one in dict.fromkeys(self.metrics["warnings"]) if one not in told]

    def _mistakes(self) -> Sequence[Misclassified]:
        if self.context.show_people:
            return self.context.mistakes
        return withhold(self.context.mistakes, self.context.people_labels)


def _words() -> dict[str, Any]:
    """Return what the templates can call."""
    functions = (
        wording.percent,
        wording.points,
        wording.between,
        wording.with_interval,
        wording.count,
        wording.listed,
        wording.number,
        wording.part_in_words,
        charts.reliability_dots,
        charts.line_chart,
    )
    return {function.__name__: function for function in functions} | {"SLICES": wording.SLICES}


def _prepared(preparation: Preparation | None) -> str:
    if preparation is None:
        return "not known"
    return (
        f"{preparation.trim_bottom} rows trimmed at the bottom, {preparation.trim_top} at the "
        f"top, shorter side {preparation.min_side} pixels"
    )
