"""The files of a training's result."""

from functools import partial
from pathlib import Path
from typing import cast

from autofocus.features.crop import View
from autofocus.model.saved_model import POSSIBLE_FILES
from autofocus.reporting import results
from autofocus.reporting.attempts import attempt
from autofocus.reporting.mistakes import withhold
from autofocus.reporting.model_card import ModelCard
from autofocus.reporting.report import Context, Report
from autofocus.runs import files
from autofocus.splits.subsets import Subset
from autofocus.splits.table import write_split
from autofocus.tables.columns import SPLIT_NAME
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.job import TrainingJob
from autofocus.training.result import TrainingResult


def write_files(
    job: TrainingJob, result: TrainingResult, source: DatasetFeatures, scratch: Path
) -> None:
    """Write all files of a result but the model, and move them into its folder.

    Args:
        job: the training.
        result: its result.
        source: the crops that the report shows.
        scratch: a folder for unfinished files; it must not exist.
    """
    scratch.mkdir()
    hidden = () if job.show_people else job.human_labels
    results.write_results(scratch, result.metrics, withhold(result.mistakes, hidden))
    write_split(scratch / SPLIT_NAME, job.dataset.split, result.folds)
    report = Report(result.metrics, _context(job, result, source))
    card = ModelCard(result.metrics, job.backbone.name, job.preparation, job.human_labels)
    for name, page in ((results.REPORT, report), (results.MODEL_CARD, card)):
        attempt(name, partial(_write_page, scratch / name, page))
    for path in scratch.iterdir():
        files.put_in_place(path, job.saved_model_dir / path.name)


def _write_page(path: Path, page: Report | ModelCard) -> None:
    path.write_text(page.render(), encoding="utf-8", newline="\n")


def output_files(saved_model_dir: Path) -> list[Path]:
    """Return the paths of all files that a training writes into the model's folder."""
    names = (*POSSIBLE_FILES, *results.ALL, SPLIT_NAME, results.RUN)
    return [saved_model_dir / name for name in names]


def _context(job: TrainingJob, result: TrainingResult, source: DatasetFeatures) -> Context:
    rows = job.dataset.subset(Subset.TEST)
    view = cast("View", result.metrics.view.chosen)
    boxes = {row.image.file: source.box(row.image, view) for row in rows}
    detector = source.box_settings(view).detector
    return Context(
        image_dir=job.image_dir,
        backbone=job.backbone.name,
        preparation=job.preparation,
        settings=job.settings,
        show_people=job.show_people,
        people_labels=job.human_labels,
        mistakes=result.mistakes,
        boxes={name: box for name, box in boxes.items() if box is not None},
        detector=detector.name if detector else "",
    )
