"""One training, from feature vectors to the files of the model, tracked by MLflow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.common import files
from autofocus.common.workspace import Workspace
from autofocus.images.preparing import Preparation
from autofocus.learning.backbones import Backbone
from autofocus.learning.batches import CachedBatches, DistortedBatches
from autofocus.learning.bottlenecks import Bottlenecks
from autofocus.learning.classifier import Description, Exportable, build, put_in_place
from autofocus.learning.dataset import Dataset
from autofocus.learning.distortions import Distortions
from autofocus.learning.evaluation import Evaluation, evaluate
from autofocus.learning.head import Checkpoint, Head, History, Samples, Schedule, score, train
from autofocus.learning.splits import Part
from autofocus.tracking import results
from autofocus.tracking.experiment import Experiment, experiment
from autofocus.tracking.pictures import Misclassified
from autofocus.tracking.report import Report


@dataclass(frozen=True)
class Plan:
    """What is to be trained on what.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        saved_model_dir: where the model and its files are to stand.
        dataset: the images, their classes and parts.
        backbone: the frozen network.
        preparation: how the photographs were prepared, if that is known.
        schedule: how long and how fast.
        distortions: how training images are distorted.
        final_tensor_name: the name of the probabilities in the signature.
        settings: all options that change the outcome, for MLflow and the report.
        jobs: threads that decode.
    """

    image_dir: Path
    saved_model_dir: Path
    dataset: Dataset
    backbone: Backbone
    preparation: Preparation | None
    schedule: Schedule
    distortions: Distortions
    final_tensor_name: str
    settings: Mapping[str, Any]
    jobs: int

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides what comes out, the settings aside."""
        preparation = asdict(self.preparation) if self.preparation else None
        return self.dataset.fingerprint(self.backbone.digest, preparation, __version__)


@dataclass(frozen=True)
class Trained:
    """A training that has ended.

    Attributes:
        fingerprint: of the plan.
        run_id: the run in MLflow.
        tracking_uri: where MLflow keeps it.
    """

    fingerprint: str
    run_id: str
    tracking_uri: str


def ensure_trained(plan: Plan, cache: Bottlenecks, workspace: Workspace) -> tuple[Trained, bool]:
    """Train, unless an earlier training on the same data stands.

    Returns:
        The training, and whether it is the earlier one.

    Raises:
        StoreError: MLflow's tracking store can't be used.
    """
    memory = workspace.folder / "trained.json"
    if earlier := _read_trained(memory):
        whole = (plan.saved_model_dir / "saved_model.pb").is_file()
        if whole and earlier.fingerprint == plan.fingerprint:
            return earlier, True
    begun = workspace.folder / "begun.json"
    before = _read_trained(begun)
    resumed = before.run_id if before and before.fingerprint == plan.fingerprint else None
    with experiment(resumed, plan.saved_model_dir.name) as run:
        trained = Trained(plan.fingerprint, run.run_id, run.tracking_uri)
        files.write_json(begun, asdict(trained), workspace.scratch)
        _Session(plan, cache, workspace, run).train()
    begun.replace(memory)
    return trained, False


def _read_trained(path: Path) -> Trained | None:
    if not path.is_file():
        return None
    return Trained(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class _Session:
    """The work of one training."""

    plan: Plan
    cache: Bottlenecks
    workspace: Workspace
    run: Experiment

    def train(self) -> None:
        parts = {part: self.plan.dataset.samples(part, self.cache) for part in Part}
        checkpoint = Checkpoint(
            self.workspace.folder / "checkpoint.npz", self.workspace.scratch, self.plan.fingerprint
        )
        self._log_parameters(parts)
        head, history = self._descend(parts, checkpoint)
        model = self._export(head)
        self._write_results(head, history, parts)
        self._log_results(history, model)
        checkpoint.remove()

    def _descend(
        self, parts: Mapping[Part, Samples], checkpoint: Checkpoint
    ) -> tuple[Head, History]:
        plan = self.plan
        shape = (plan.backbone.feature_size, len(plan.dataset.labels))
        return train(
            self._batches(parts[Part.TRAINING]),
            parts[Part.VALIDATION],
            shape,
            plan.schedule,
            checkpoint,
        )

    def _batches(self, training: Samples) -> CachedBatches | DistortedBatches:
        plan = self.plan
        if not plan.distortions:
            return CachedBatches(training, plan.schedule.batch_size)
        return DistortedBatches(
            plan.image_dir,
            plan.dataset.part(Part.TRAINING),
            training.classes,
            plan.distortions,
            plan.backbone,
            plan.schedule.batch_size,
            plan.jobs,
        )

    def _export(self, head: Head) -> Exportable:
        plan, scratch = self.plan, self.workspace.scratch
        description = Description(
            plan.dataset.labels,
            plan.backbone.image_size,
            plan.backbone.name,
            plan.backbone.digest,
            plan.final_tensor_name,
            plan.preparation,
        )
        model = build(plan.backbone, head, description, scratch)
        model.save(scratch / "saved_model")
        put_in_place(scratch / "saved_model", plan.saved_model_dir)
        return model

    def _write_results(self, head: Head, history: History, parts: Mapping[Part, Samples]) -> None:
        folder = self.workspace.scratch / "results"
        folder.mkdir()
        test, mistakes = self._judge(head, parts[Part.TEST])
        metrics = self._metrics(head, history, parts, test)
        results.write_results(folder, test, metrics, mistakes, history.rows)
        self._write_report(folder, test, mistakes)
        for path in folder.iterdir():
            path.replace(self.plan.saved_model_dir / path.name)

    def _judge(self, head: Head, test: Samples) -> tuple[Evaluation, list[Misclassified]]:
        labels = self.plan.dataset.labels
        probabilities = head.probabilities(test.features)
        answers = probabilities.argmax(axis=1)
        mistakes = [
            Misclassified(
                self.plan.image_dir / image.name,
                image.name,
                image.label,
                labels[answer],
                float(row[answer]),
            )
            for image, answer, row in zip(
                self.plan.dataset.part(Part.TEST), answers, probabilities, strict=True
            )
            if image.label != labels[answer]
        ]
        mistakes.sort(key=lambda mistake: (-mistake.score, mistake.name))
        return evaluate(labels, test.classes, answers), mistakes

    def _metrics(
        self, head: Head, history: History, parts: Mapping[Part, Samples], test: Evaluation
    ) -> dict[str, Any]:
        return {
            "labels": self.plan.dataset.labels,
            "images": self.plan.dataset.table(),
            "split": "by photograph",
            **{
                part.value: score(head, samples)
                for part, samples in parts.items()
                if part is not Part.TEST and len(samples.classes)
            },
            "test": test.to_json(),
            "warnings": self.plan.dataset.warnings(),
            "data_digest": self.plan.fingerprint,
            "history": history.rows,
        }

    def _write_report(
        self, folder: Path, test: Evaluation, mistakes: Sequence[Misclassified]
    ) -> None:
        report = Report(
            self.plan.dataset,
            test,
            mistakes,
            self.plan.dataset.warnings(),
            self.plan.backbone.name,
            self.plan.preparation,
            self.plan.settings,
            self.run.run_id,
            self.plan.fingerprint,
            {
                "confusion": folder / results.CONFUSION_PICTURE,
                "history": folder / results.HISTORY_PICTURE,
            },
        )
        (folder / results.REPORT).write_text(report.render(), encoding="utf-8", newline="\n")

    def _log_parameters(self, parts: Mapping[Part, Samples]) -> None:
        numbers = {f"{part.value}_images": len(parts[part].classes) for part in Part}
        self.run.log_parameters(
            {**self.plan.settings, "classes": len(self.plan.dataset.labels), **numbers},
            {
                "data_digest": self.plan.fingerprint,
                "backbone": self.plan.backbone.name,
                "backbone_digest": self.plan.backbone.digest,
                "autofocus_version": __version__,
            },
        )

    def _log_results(self, history: History, model: Exportable) -> None:
        folder = self.plan.saved_model_dir
        metrics = json.loads((folder / results.METRICS).read_text(encoding="utf-8"))
        figures = {
            f"{part.value}_accuracy": metrics[part.value]["accuracy"]
            for part in Part
            if metrics.get(part.value, {}).get("accuracy") is not None
        }
        self.run.log_history(history.rows)
        self.run.log_results(
            {f"final_{name}": value for name, value in figures.items()},
            [folder / name for name in results.ALL],
        )
        self.run.log_model(model, self.plan.backbone.image_size, len(self.plan.dataset.labels))
