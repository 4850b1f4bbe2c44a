"""What a training found out, and the files that tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.evaluating import list_mistakes
from autofocus.evaluation.judged import Judged
from autofocus.model.head import Head
from autofocus.reporting import results
from autofocus.reporting.pictures import Misclassified
from autofocus.reporting.report import Context, Report
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.splits.table import write_split
from autofocus.tables.columns import SPLIT_NAME
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.head import score
from autofocus.training.judging import CrossJudge, Judge
from autofocus.training.samples import Samples
from autofocus.training.trials import Trial

if TYPE_CHECKING:
    from autofocus.training.run import Plan


@dataclass(frozen=True)
class Findings:
    """What a training found out.

    Attributes:
        metrics: all figures, as in `metrics.json`.
        calibrated: the classifier layer whose probabilities are as sure as they say.
        thresholds: by label, from which probability on an answer need not be looked at.
        mistakes: the misclassified test photographs, the surest first.
        folds: the fold of each group, where there was a cross-validation.
    """

    metrics: dict[str, Any]
    calibrated: Head
    thresholds: dict[str, float | None] | None
    mistakes: tuple[Misclassified, ...]
    folds: Mapping[str, int] | None

    @property
    def scalars(self) -> dict[str, float]:
        """The main figures by name, for MLflow."""
        from autofocus.containers.metrics import scalars

        return {f"final_{name}": value for name, value in scalars(self.metrics).items()}


@dataclass(frozen=True)
class Figures:
    """Finds out how good a classifier is.

    Attributes:
        plan: of the training.
        frozen: gives features of the backbone as it came.
        looks: gives those of the backbone as it is now; the same unless it was tuned.
        trials: the classifier layers that were tried.
        chosen: the one of them that stays.
        head: the classifier layer that stays, tuned or not.
    """

    plan: "Plan"
    frozen: DatasetFeatures
    looks: DatasetFeatures
    trials: Sequence[Trial]
    chosen: Trial
    head: Head

    @cached_property
    def _parts(self) -> dict[Subset, Samples]:
        view = self.chosen.view
        return {part: self.looks.samples(self._images(part), view) for part in Subset}

    def _images(self, part: Subset) -> tuple[Assignment, ...]:
        return self.plan.dataset.subset(part)

    def find(self) -> Findings:
        """Judge the classifier on the parts that it did not learn from."""
        judge = Judge(self.plan.dataset, self.plan.asked)
        test = judge.judged(self._images(Subset.TEST), self._logits(Subset.TEST))
        # On the backbone as it came: a tuned one has seen what a fold leaves out.
        cross = CrossJudge(
            judge, self.frozen, self.chosen.view, self.plan.fitting, self.chosen.fitted
        )
        calibration, thresholds = judge.calibrate(*self._held_out(judge, cross))
        figures = judge.evaluate(test, calibration, thresholds)
        folds, group_folds = cross.folds(self.plan.folds) if self.plan.folds else (None, None)
        rows = list_mistakes(self.plan.dataset.labels, test, calibration.temperature)
        return Findings(
            {**self._metrics(), "test": figures, "folds": folds, "comparison": cross.compare()},
            self.head.scaled(calibration.temperature),
            thresholds,
            tuple(Misclassified(path=self.plan.image_dir / row["name"], **row) for row in rows),
            group_folds,
        )

    def _held_out(self, judge: Judge, cross: CrossJudge) -> tuple[Judged, str]:
        """Return images that were answered without having been learned from, and their name.

        Folds of training and validation together, unless the backbone was tuned, which no fold
        was kept from; then, and with too few groups, the validation part alone.
        """
        many = cross.held_out() if self.plan.fine_tuning is None else None
        if many is not None:
            return many, "cross-validation"
        validation = judge.judged(self._images(Subset.VALIDATION), self._logits(Subset.VALIDATION))
        return validation, "validation"

    def _logits(self, part: Subset) -> NDArray[np.float32]:
        return self.head.logits(self._parts[part].features)

    def _metrics(self) -> dict[str, Any]:
        dataset, fitted = self.plan.dataset, self.chosen.fitted
        return {
            "labels": list(dataset.labels),
            "multilabel": dataset.settings.multilabel,
            "images": dataset.table(),
            "split": dataset.split_summary().to_json(),
            **{
                part.value: score(self.head, self._parts[part])
                for part in (Subset.TRAINING, Subset.VALIDATION)
                if len(self._parts[part])
            },
            "head": {
                "optimizer": self.plan.fitting.optimizer,
                "strength": fitted.strength,
                "chosen_on": fitted.chosen_on,
                "converged": fitted.converged,
                "steps": fitted.steps,
                "class_weights": self.plan.fitting.class_weights,
                "fine_tuning": asdict(self.plan.fine_tuning) if self.plan.fine_tuning else None,
                "path": list(fitted.path),
            },
            "view": {
                "asked": self.plan.view,
                "chosen": self.chosen.view,
                "candidates": [trial.to_json() for trial in self.trials],
                "boxes": self.looks.count_boxes(),
            },
            "warnings": [*dataset.warnings(), *self._doubts()],
            "data_digest": self.plan.fingerprint,
            "history": fitted.history.rows,
        }

    def _doubts(self) -> list[str]:
        """Return what is doubtful about the training itself."""
        doubts = []
        if not self.chosen.fitted.converged and self.plan.fitting.optimizer == "lbfgs":
            doubts.append(
                "The classifier layer had not converged when its training ended: raise "
                "how_many_training_steps."
            )
        if not self._images(Subset.VALIDATION):
            doubts.append(
                "There are no validation photographs: probabilities are not calibrated, and no "
                "thresholds could be chosen."
            )
        return doubts

    def write(self, findings: Findings, scratch: Path, run_id: str) -> None:
        """Write all files of results, and move them into their places.

        Args:
            findings: what was found out.
            scratch: a folder for unfinished files; it must not exist.
            run_id: the run in MLflow.
        """
        scratch.mkdir()
        results.write_results(
            scratch,
            findings.metrics,
            results.withhold(findings.mistakes, self._hidden),
        )
        write_split(scratch / SPLIT_NAME, self.plan.dataset.split, findings.folds)
        report = Report(findings.metrics, self._context(findings, run_id)).render()
        (scratch / results.REPORT).write_text(report, encoding="utf-8", newline="\n")
        for path in scratch.iterdir():
            path.replace(self.plan.saved_model_dir / path.name)

    @property
    def _hidden(self) -> tuple[str, ...]:
        return () if self.plan.show_people else self.plan.human_labels

    def _context(self, findings: Findings, run_id: str) -> Context:
        boxes = {row.image.file: self.looks.box(row.image) for row in self._images(Subset.TEST)}
        return Context(
            image_dir=self.plan.image_dir,
            backbone=self.plan.backbone.name,
            preparation=self.plan.preparation,
            settings=self.plan.settings,
            run_id=run_id,
            show_people=self.plan.show_people,
            people_labels=self.plan.human_labels,
            mistakes=findings.mistakes,
            boxes={name: box for name, box in boxes.items() if box is not None},
        )
