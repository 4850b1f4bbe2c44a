"""One training, from feature vectors to the files of the model, tracked by MLflow."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from autofocus.errors import StoreError
from autofocus.evaluation.animal_scores import with_skip_rates
from autofocus.features.backbones import Backbone
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.model.description import Description
from autofocus.model.saved_model import build, put_in_place
from autofocus.reporting import results
from autofocus.runs import files, marks
from autofocus.runs.records import damaged, read_record, write_record
from autofocus.runs.workspace import Workspace
from autofocus.splits.subsets import Subset
from autofocus.tracking.experiment import experiment
from autofocus.training.candidates import (
    Candidate,
    choose_candidate,
    make_candidate,
    views_to_try,
)
from autofocus.training.checkpoint import CHECKPOINTS, Checkpoint
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.feature_store import FeatureStore
from autofocus.training.files import output_files, write_files
from autofocus.training.fitting import FitResult
from autofocus.training.job import TrainingJob
from autofocus.training.mlflow_log import log_parameters, log_results, run_name
from autofocus.training.pieces import Pieces
from autofocus.training.recipe import Recipe
from autofocus.training.result import Assessment, TrainingResult


@dataclass(frozen=True)
class TrainingRecord:
    """What is remembered of a training.

    Attributes:
        fingerprint: of the job.
        run_id: the run in MLflow; empty before it has begun.
        tracking_uri: where MLflow keeps it.
    """

    fingerprint: str
    run_id: str
    tracking_uri: str


@dataclass(frozen=True)
class _Memory:
    """The records of a training, in the stage's workspace.

    Attributes:
        workspace: of the stage.
        job: the training.
    """

    workspace: Workspace
    job: TrainingJob

    # Written when the model and its files are whole, when the run in MLflow begins, and when all
    # of it is logged: no failure of MLflow can cost a training.
    WRITTEN, BEGUN, LOGGED = "written.json", "begun.json", "trained.json"

    def read(self, name: str) -> TrainingRecord | None:
        """Return a record of this training; None if there is none, or of other data."""
        values = read_record(self.workspace.folder / name, dict)
        if values is None:
            return None
        if values.keys() != {field.name for field in fields(TrainingRecord)}:
            raise damaged(self.workspace.folder / name)
        record = TrainingRecord(**values)
        return record if record.fingerprint == self.job.fingerprint else None

    def has_model(self, name: str) -> bool:
        """Return whether a record exists, and the model and its other files are intact."""
        return self.read(name) is not None and self._is_intact()

    def mark_model(self) -> None:
        """Record the marks of the model and its other files, to notice damage later."""
        recorded = {self._name(path): marks.mark_of(path) for path in self._files}
        write_record(self._marks_path, recorded, self.workspace.scratch)

    @property
    def _files(self) -> list[Path]:
        """The files of the training that exist; some have no misclassified images to show."""
        paths = output_files(self.job.saved_model_dir)
        return [path for path in paths if path.is_file() and path.name != results.RUN]

    def _name(self, path: Path) -> str:
        return path.relative_to(self.job.saved_model_dir).as_posix()

    @property
    def _marks_path(self) -> Path:
        return self.workspace.folder / "marks.json"

    def _is_intact(self) -> bool:
        recorded = read_record(self._marks_path, dict)
        if recorded is None:
            return False
        folder, check = self.job.saved_model_dir, self.workspace.trust.check
        return all(check(folder / name, mark) for name, mark in recorded.items())

    def write(self, name: str, record: TrainingRecord) -> None:
        """Write a record."""
        path = self.workspace.folder / name
        write_record(path, asdict(record), self.workspace.scratch)

    def forget(self, *names: str) -> None:
        """Delete records."""
        for name in names:
            (self.workspace.folder / name).unlink(missing_ok=True)


def was_trained(workspace: Workspace) -> bool:
    """Return whether an earlier training was logged, whatever its data."""
    return (workspace.folder / _Memory.LOGGED).is_file()


def ensure_trained(
    job: TrainingJob, source: DatasetFeatures, workspace: Workspace, patience: float = 0.0
) -> tuple[TrainingRecord, bool]:
    """Train, unless an earlier training on the same data is complete.

    Args:
        job: the training.
        source: the features of its images.
        workspace: of the stage.
        patience: how long to retry while MLflow's server is unavailable, in seconds.

    Returns:
        The record of the training, and whether it is an earlier one.

    Raises:
        StoreError: MLflow's tracking store can't be used.
    """
    memory = _Memory(workspace, job)
    if memory.has_model(_Memory.LOGGED) and (earlier := memory.read(_Memory.LOGGED)):
        return earlier, True
    if not memory.has_model(_Memory.WRITTEN):
        memory.forget(_Memory.WRITTEN, _Memory.LOGGED)
        names = [row.image.file for row in job.dataset.used]
        pieces = Pieces(workspace.folder, workspace.scratch, _subject(job))
        with FeatureStore(workspace.scratch / "features", names) as store:
            kept = replace(source, store=store, pieces=pieces)
            _Training(job, kept, workspace).train()
        memory.mark_model()
        memory.write(_Memory.WRITTEN, TrainingRecord(job.fingerprint, "", ""))
    record = _log(memory, patience)
    memory.write(_Memory.LOGGED, record)
    memory.forget(_Memory.BEGUN, _Memory.WRITTEN)
    for checkpoint in workspace.folder.glob(CHECKPOINTS):
        checkpoint.unlink()
    return record, False


def _subject(job: TrainingJob) -> str:
    """Return what identifies a training: its data and its settings."""
    return f"{job.fingerprint} {json.dumps(dict(job.settings), sort_keys=True)}"


def _log(memory: _Memory, patience: float) -> TrainingRecord:
    """Log a complete model to MLflow, in the run that an interrupted start has begun."""
    job, begun = memory.job, memory.read(_Memory.BEGUN)
    name = run_name(job, job.view)
    with _explained(memory), experiment(begun.run_id if begun else None, name, patience) as run:
        record = TrainingRecord(job.fingerprint, run.run_id, run.tracking_uri)
        memory.write(_Memory.BEGUN, record)
        named = {"run_id": run.run_id, "tracking_uri": run.tracking_uri}
        files.write_json(job.saved_model_dir / results.RUN, named, memory.workspace.scratch)
        log_parameters(job, run)
        log_results(job, run)
    return record


@contextmanager
def _explained(memory: _Memory) -> Iterator[None]:
    """Say what is kept, and what to do, if a complete model can't be logged."""
    try:
        yield
    except StoreError as error:
        if not memory.has_model(_Memory.WRITTEN):
            raise
        raise type(error)(
            f"{error} The model, its metrics and its report are complete in "
            f"{memory.job.saved_model_dir}, but not logged: start the same command again to log "
            "them without training anew."
        ) from error


@dataclass(frozen=True)
class _Training:
    """A training in progress.

    Attributes:
        job: the training.
        source: the features of its images.
        workspace: of the stage.
    """

    job: TrainingJob
    source: DatasetFeatures
    workspace: Workspace

    def train(self) -> None:
        """Train, evaluate, and write the model and its files."""
        candidates = self._make_candidates()
        chosen = choose_candidate(candidates)
        with self._measured(chosen) as (source, measured):
            refitted = self._refit(chosen)
            assessment = Assessment(
                self.job,
                self.source,
                source,
                candidates,
                chosen,
                measured,
                refitted,
                self._checkpoint,
            )
            result = assessment.result()
            self._export(chosen, source.extractor.backbone, result)
            scratch = self.workspace.scratch / "results"
            write_files(self.job, result, source, scratch)
        self._note_pieces()

    def _note_pieces(self) -> None:
        counts = self.source.pieces.counts
        if counts.restored:
            total = counts.restored + counts.computed
            print(
                f"note: {counts.restored} of {total} parts of the training were kept from an "
                "interrupted one",
                file=sys.stderr,
            )

    def _make_candidates(self) -> list[Candidate]:
        candidates = []
        has_detector = self.source.detector is not None
        for view in views_to_try(self.job.view, with_detector=has_detector):
            # Distorted copies are computed when they are learned from: of fewer images.
            self.source.prepare(view, copies=False)
            recipe = Recipe(view, self.job.head_settings)
            candidates.append(make_candidate(self.source, recipe, self._checkpoint(view)))
        return candidates

    def _checkpoint(self, name: str) -> Checkpoint:
        path = self.workspace.folder / f"checkpoint-{name}.npz"
        return Checkpoint(path, self.workspace.scratch, f"{self.job.fingerprint} {name}")

    @contextmanager
    def _measured(self, chosen: Candidate) -> Iterator[tuple[DatasetFeatures, FitResult]]:
        """Yield the features and the head that are evaluated on the test images.

        Validation images are trained on as well, unless they choose the epoch of fine-tuning.
        """
        tuning, recipe, source = self.job.fine_tuning, chosen.recipe, self.source
        training = self.job.dataset.subset(Subset.TRAINING)
        if tuning is None:
            rows = (*training, *self.job.dataset.subset(Subset.VALIDATION))
            yield source, recipe.train(source, rows, checkpoint=self._checkpoint("measured"))
            return
        fitted = recipe.train(source, training)
        backbone, head = tuning.run(
            source,
            recipe,
            fitted.head,
            self._checkpoint("fine-tuning"),
            self.workspace.scratch / "pixels",
        )
        with EmbeddingCache(
            self.workspace.scratch / "tuned", backbone.name, backbone.digest, backbone.feature_size
        ) as cache:
            extractor = replace(source.extractor, backbone=backbone, cache=cache)
            tuned = replace(source, extractor=extractor)
            tuned.prepare(chosen.view, copies=False)
            yield tuned, replace(fitted, head=head)

    def _refit(self, chosen: Candidate) -> FitResult | None:
        """Train the head of the saved model on all images, unless the measured one is saved."""
        dataset = self.job.dataset
        if not self.job.refit or self.job.fine_tuning or not dataset.subset(Subset.TEST):
            return None
        rows = tuple(row for subset in Subset for row in dataset.subset(subset))
        checkpoint = self._checkpoint("refitted")
        return chosen.recipe.train(self.source, rows, checkpoint=checkpoint)

    def _export(self, chosen: Candidate, backbone: Backbone, result: TrainingResult) -> None:
        job, scratch, final = self.job, self.workspace.scratch, result.final
        rules, unknown, sequences = final.rules, final.unknown, final.rules.sequences
        empty = result.metrics.test.empty
        boxes = self.source.box_settings(chosen.view)
        target = f"{job.evaluation.target} {job.evaluation.value:g}"
        description = Description(
            job.dataset.labels,
            backbone.image_size,
            backbone.name,
            backbone.digest,
            job.final_tensor_name,
            job.preparation,
            view=chosen.view,
            motion=boxes.motion,
            multilabel=job.dataset.settings.multilabel,
            thresholds=rules.thresholds,
            threshold_target=target if rules.thresholds else "",
            sequence_gap_s=job.dataset.settings.sequence_gap_s,
            location_pattern=job.dataset.settings.location_pattern,
            sequence_pattern=job.dataset.settings.sequence_pattern,
            sequence_frames=job.dataset.settings.sequence_frames,
            precision_curves=rules.curves,
            unknown_distance=unknown.limit if unknown else None,
            human_labels=job.human_labels,
            split_digest=job.dataset.split.digest,
            crop=self.source.shape if chosen.view != "full" else None,
            detector=boxes.detector,
            vote_floor=job.evaluation.vote_floor if chosen.view != "full" else None,
            vote_temperature=sequences.temperature if sequences else 1.0,
            sequence_thresholds=sequences.thresholds if sequences else None,
            sequence_precision_curves=sequences.curves if sequences else None,
            empty_rule=with_skip_rates(rules.empty_rule, empty.scores if empty else None),
            views=job.views,
            is_refitted=result.measured is not None,
        )
        distance = unknown.distance if unknown else None
        model = build(backbone, final.head, description, scratch, distance, result.measured)
        model.save(scratch / "saved_model")
        put_in_place(scratch / "saved_model", job.saved_model_dir)
