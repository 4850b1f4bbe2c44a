"""One training, from feature vectors to the files of the model, tracked by MLflow."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.evaluation.judged import Asked
from autofocus.features.backbones import Backbone
from autofocus.features.bottlenecks import Bottlenecks
from autofocus.images.preparing import Preparation
from autofocus.model.classifier import Description, Exportable, build, put_in_place
from autofocus.model.head import Head
from autofocus.reporting import results
from autofocus.runs import files
from autofocus.runs.workspace import Workspace
from autofocus.splits.dataset import Dataset
from autofocus.tables.columns import SPLIT_NAME
from autofocus.tracking.experiment import Experiment, experiment
from autofocus.tracking.source import commit, image
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.figures import Figures, Findings
from autofocus.training.fine_tuning import FineTuning
from autofocus.training.fitting import Fitting
from autofocus.training.trials import AskedView, Trial, choose, try_view, views_of


@dataclass(frozen=True)
class Plan:
    """What is to be trained on what.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        saved_model_dir: where the model and its files are to stand.
        dataset: the images, their classes and parts.
        backbone: the frozen network.
        preparation: how the photographs were prepared, if that is known.
        view: what is to be looked at.
        fitting: how the classifier layer is trained.
        fine_tuning: how the backbone's last blocks are trained; None if they stay as they are.
        asked: what is to be decided by the figures.
        folds: by how many parts to cross-validate; 0 for not at all.
        human_labels: of people, whom the report does not show.
        show_people: whether it does nevertheless.
        final_tensor_name: the name of the probabilities in the signature.
        settings: all options that change the outcome, for MLflow and the report.
    """

    image_dir: Path
    saved_model_dir: Path
    dataset: Dataset
    backbone: Backbone
    preparation: Preparation | None
    view: AskedView
    fitting: Fitting
    fine_tuning: FineTuning | None
    asked: Asked
    folds: int
    human_labels: tuple[str, ...]
    show_people: bool
    final_tensor_name: str
    settings: Mapping[str, Any]

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


def ensure_trained(
    plan: Plan, looks: DatasetFeatures, workspace: Workspace, patience: float = 0.0
) -> tuple[Trained, bool]:
    """Train, unless an earlier training on the same data stands.

    Args:
        plan: what to train.
        looks: what the photographs show the backbone.
        workspace: the stage's memory.
        patience: how long to keep retrying while MLflow's server is unavailable, in seconds.

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
    with experiment(resumed, plan.saved_model_dir.name, patience) as run:
        trained = Trained(plan.fingerprint, run.run_id, run.tracking_uri)
        files.write_json(begun, asdict(trained), workspace.scratch)
        _Session(plan, looks, workspace, run).train()
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
    looks: DatasetFeatures
    workspace: Workspace
    run: Experiment

    def train(self) -> None:
        plan = self.plan
        self._log_parameters()
        trials = self._try_views()
        chosen = choose(trials)
        with self._tuned(chosen) as (looks, head):
            figures = Figures(plan, self.looks, looks, trials, chosen, head)
            findings = figures.find()
            model = self._export(chosen, looks.viewer.backbone, findings)
            figures.write(findings, self.workspace.scratch / "results", self.run.run_id)
            self._log_results(findings, model)
        for checkpoint in self.workspace.folder.glob("checkpoint-*.npz"):
            checkpoint.unlink()

    def _try_views(self) -> list[Trial]:
        trials = []
        for view in views_of(self.plan.view):
            self.looks.prepare(view)
            trials.append(
                try_view(
                    self.looks,
                    view,
                    self.plan.fitting,
                    self.workspace.folder,
                    self.workspace.scratch,
                    self.plan.fingerprint,
                )
            )
        return trials

    @contextmanager
    def _tuned(self, chosen: Trial) -> Iterator[tuple[DatasetFeatures, Head]]:
        """Give the features and the layer that stay, tuned if that is asked for."""
        tuning, head = self.plan.fine_tuning, chosen.fitted.head
        if tuning is None:
            yield self.looks, head
            return
        backbone, head = tuning.run(self.looks, chosen.view, head)
        with Bottlenecks(
            self.workspace.scratch / "tuned", backbone.name, backbone.digest, backbone.feature_size
        ) as cache:
            viewer = replace(self.looks.viewer, backbone=backbone, cache=cache)
            looks = replace(self.looks, viewer=viewer)
            looks.prepare(chosen.view, copies=False)
            yield looks, head

    def _export(self, chosen: Trial, backbone: Backbone, findings: Findings) -> Exportable:
        plan, scratch = self.plan, self.workspace.scratch
        asked = plan.asked
        description = Description(
            plan.dataset.labels,
            backbone.image_size,
            backbone.name,
            backbone.digest,
            plan.final_tensor_name,
            plan.preparation,
            view=chosen.view,
            motion=self.looks.motion if chosen.view != "full" else None,
            multilabel=plan.dataset.settings.multilabel,
            thresholds=findings.thresholds,
            threshold_target=f"{asked.target} {asked.value:g}" if findings.thresholds else "",
            sequence_gap_s=plan.dataset.settings.sequence_gap_s,
            location_pattern=plan.dataset.settings.location_pattern,
        )
        model = build(backbone, findings.calibrated, description, scratch)
        model.save(scratch / "saved_model")
        put_in_place(scratch / "saved_model", plan.saved_model_dir)
        return model

    def _log_parameters(self) -> None:
        dataset = self.plan.dataset
        summary = dataset.split_summary()
        numbers = {f"{part}_images": number for part, number in summary.images.items()}
        tags = {
            "data_digest": self.plan.fingerprint,
            "split_digest": dataset.split.digest,
            "split_level": dataset.split.group_kind,
            "backbone": self.plan.backbone.name,
            "backbone_digest": self.plan.backbone.digest,
            "autofocus_version": __version__,
            "git_commit": commit(),
            "image": image(),
        }
        self.run.log_parameters(
            {**self.plan.settings, "classes": len(dataset.labels), **numbers},
            {name: value for name, value in tags.items() if value},
        )

    def _log_results(self, findings: Findings, model: Exportable) -> None:
        folder = self.plan.saved_model_dir
        self.run.log_history(findings.metrics["history"])
        self.run.log_results(
            findings.scalars, [folder / name for name in (*results.ALL, SPLIT_NAME)]
        )
        self.run.log_model(model, len(self.plan.dataset.labels))
