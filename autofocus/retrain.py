"""Stage 4: train a head on a frozen ImageNet backbone.

python autofocus/retrain.py --image_dir data/links --saved_model_dir data/model
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import (
    InputDataError,
    SettingError,
    need,
)
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.training_metrics import Metrics
from autofocus.features.backbones import Backbone, load_backbone
from autofocus.features.views import note_views
from autofocus.grouping.locations import LocationPattern
from autofocus.grouping.sequences import SequencePattern
from autofocus.images.finding import note_ignored
from autofocus.images.preparing import Preparation
from autofocus.labels.classes import Classes
from autofocus.localization.from_file import FileDetector
from autofocus.options.settings import describe
from autofocus.reporting import results
from autofocus.reporting.summaries import SUMMARIES, write_summaries
from autofocus.retrain_inputs import Inputs, distortions_of, opened
from autofocus.retrain_result import RetrainResult
from autofocus.retrain_settings import ALL_LAYERS, COMMAND, RetrainSettings
from autofocus.runs import files
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Counts
from autofocus.runs.outputs import check_folders_between, check_outputs
from autofocus.runs.workspace import Workspace
from autofocus.splits.dataset import Dataset, SplitSettings, make_dataset
from autofocus.splits.folds import make_folds
from autofocus.splits.images import Origin, check_patterns, collect_images
from autofocus.tracking.experiment import check_store
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.files import output_files
from autofocus.training.fine_tuning import FineTuning
from autofocus.training.fitting import HeadSettings
from autofocus.training.frames import DatasetFrames
from autofocus.training.job import TrainingJob
from autofocus.training.mlflow_log import read_metrics
from autofocus.training.recipe import VOTE_FLOOR
from autofocus.training.registration import Registration, register
from autofocus.training.run import TrainingRecord, ensure_trained, was_trained

NAME = "retrain"
# Raised with every change that makes another model of the same inputs and settings.
RECIPE = 6


def retrain(
    image_dir: Path,
    saved_model_dir: Path = Path("model"),
    settings: RetrainSettings = RetrainSettings(),
) -> RetrainResult:
    """Train a head on images in one folder per label.

    Writes into `saved_model_dir` a SavedModel (images to probabilities), `labels.txt`,
    `metrics.json`, the confusion matrix, the misclassified test images, `report.html` and
    `ledger.csv`, and logs all of it to MLflow. Feature vectors are computed once and cached in
    `bottleneck_dir`. An interrupted run resumes when it is started again.

    Args:
        image_dir: a folder of images, or of links to them, per label.
        saved_model_dir: the folder to write to.
        settings: how to train.

    Raises:
        MissingInputError: `image_dir` doesn't exist or has no images; or the view needs a detector
            whose weights are missing.
        InputDataError: there is only one class, or there are too few images.
        SettingError: the group to split by is unknown, or there are fewer groups than folds.
        LeakError: the split leaks; nothing is trained then.
        OutputConflictError: `saved_model_dir` was begun with other settings, or is in use.
        StoreError: MLflow's tracking store can't be used. If that happens after the training, the
            model is complete, and the next call logs it.
        TooManyRejectedError: too many images were rejected; the model is complete nevertheless.
        MissingDependencyError: a package is missing, such as tensorboard for `summaries_dir`.
    """
    if settings.summaries_dir:
        need("tensorboard", "tensorboard")
    _check_places(saved_model_dir, settings)
    with opened(image_dir, settings) as inputs:
        check_patterns(
            LocationPattern(settings.location_pattern),
            SequencePattern(settings.sequence_pattern),
            inputs.classes.files,
            inputs.origins,
        )
        training = _train(inputs, saved_model_dir, settings)
    ledger, record = saved_model_dir / LEDGER_NAME, training.record
    metrics = read_metrics(saved_model_dir)
    _write_extras(saved_model_dir, metrics, settings)
    training.counts.check(settings.max_rejected, ledger)
    found = _notes(inputs.classes, training.dataset, inputs.preparation)
    return RetrainResult(
        NAME,
        training.counts,
        ledger,
        {"model folder": saved_model_dir, "report": saved_model_dir / results.REPORT},
        (*found, *inputs.notes, *note_views(settings.views)),
        metrics=metrics,
        run_id=record.run_id,
        tracking_uri=record.tracking_uri,
        is_reused=training.is_reused,
        registration=training.registration,
    )


@dataclass(frozen=True)
class _Training:
    """What has become of a training.

    Attributes:
        dataset: the images.
        counts: of the ledger.
        record: of the training.
        is_reused: whether it is an earlier one.
        registration: in MLflow; None if that wasn't asked for.
    """

    dataset: Dataset
    counts: Counts
    record: TrainingRecord
    is_reused: bool
    registration: Registration | None


def _train(inputs: Inputs, saved_model_dir: Path, settings: RetrainSettings) -> _Training:
    """Extract features as far as they are missing, train, log and register."""
    workspace = Workspace(saved_model_dir, NAME, describe(settings), recipe=RECIPE)
    if not was_trained(workspace):
        # An unusable store is reported now rather than after minutes of work.
        check_store(settings.patience)
    backbone = load_backbone(settings.tfhub_module)
    inputs.check(backbone, settings)
    if tuning := _fine_tuning(settings):
        tuning.check(backbone)
    cache_folder = settings.bottleneck_dir or saved_model_dir.parent / "bottlenecks"
    ledger = saved_model_dir / LEDGER_NAME
    with (
        workspace,
        inputs.extractor(backbone, cache_folder, settings) as extractor,
        ItemRun(workspace, ledger) as run,
    ):
        workspace.claim([ledger, *_all_files(saved_model_dir, settings)], ledger)
        items = extractor.items(inputs.classes.listing.inputs)
        # One after another: those of all images would need much memory.
        outcomes = run.outcomes(items, extractor.jobs)
        dataset = _make_dataset(inputs.classes, inputs.origins, outcomes, settings, workspace)
        frames = DatasetFrames(inputs.files, dataset.images, workspace, extractor.jobs)
        job = _job(inputs, saved_model_dir, dataset, backbone, settings)
        if settings.view != "full" or settings.weight_by_motion:
            job = dataclasses.replace(job, frames_digest=frames.digest)
        source = DatasetFeatures(
            dataset,
            extractor,
            detector=inputs.detector,
            distortions=distortions_of(settings),
            copies=settings.distorted_copies,
            weight_by_motion=settings.weight_by_motion,
            frames=frames,
        )
        record, is_reused = ensure_trained(job, source, workspace, settings.patience)
        registration = None
        if settings.register:
            scratch = workspace.scratch / "registration"
            registration = register(
                job,
                source,
                record.run_id,
                settings.register,
                scratch,
                frames,
                settings.patience,
                settings.champion_minimum,
            )
        return _Training(dataset, run.publish(), record, is_reused, registration)


def _all_files(saved_model_dir: Path, settings: RetrainSettings) -> list[Path]:
    extra = [settings.output_labels] if settings.output_labels else []
    return [*output_files(saved_model_dir), *extra]


def _check_places(saved_model_dir: Path, settings: RetrainSettings) -> None:
    """Check that all outputs can be written; some are written by other libraries."""
    summaries = settings.summaries_dir
    folders = [saved_model_dir, settings.bottleneck_dir, summaries]
    parts = [summaries / part for part in SUMMARIES] if summaries else []
    check_outputs(
        _all_files(saved_model_dir, settings),
        [folder for folder in (*folders, *parts) if folder],
        [settings.preparation_path, settings.boxes_from],
    )
    for path in (part / "events" for part in parts):
        check_folders_between(summaries or path, path)


def _make_dataset(
    classes: Classes,
    origins: Mapping[str, Origin],
    outcomes: Iterable[Outcome],
    settings: RetrainSettings,
    workspace: Workspace,
) -> Dataset:
    split_settings = SplitSettings(
        settings.testing_percentage,
        settings.validation_percentage,
        settings.split_by,
        settings.sequence_gap,
        settings.multilabel,
        settings.location_pattern,
        settings.sequence_pattern,
        settings.sequence_frames,
    )
    pattern = LocationPattern(split_settings.location_pattern)
    images = collect_images(outcomes, classes.files, origins, pattern)
    try:
        dataset = make_dataset(classes.labels, images, split_settings)
        if settings.folds:
            # Tried now, as it would be a pity to find out after the training.
            make_folds(dataset.split, settings.folds)
    except (InputDataError, SettingError):
        # Other settings may be tried: the feature vectors are cached, and all else is not made.
        workspace.forget()
        raise
    return dataset


def _job(
    inputs: Inputs,
    saved_model_dir: Path,
    dataset: Dataset,
    backbone: Backbone,
    settings: RetrainSettings,
) -> TrainingJob:
    detector = inputs.detector
    return TrainingJob(
        inputs.image_dir,
        saved_model_dir,
        dataset,
        backbone,
        inputs.preparation,
        settings.view,
        _head_settings(settings),
        settings.refit,
        _fine_tuning(settings),
        EvaluationSettings(
            target=settings.threshold_target,
            value=settings.threshold_value,
            empty_labels=settings.empty_labels,
            group_kind=dataset.split.group_kind,
            vote_floor=VOTE_FLOOR,
        ),
        settings.folds,
        settings.human_labels,
        settings.show_people,
        settings.unknown_share,
        settings.final_tensor_name,
        describe(settings),
        settings.views,
        detector.settings.digest if isinstance(detector, FileDetector) else "",
    )


def _head_settings(settings: RetrainSettings) -> HeadSettings:
    return HeadSettings(
        optimizer=settings.optimizer,
        max_steps=settings.how_many_training_steps,
        learning_rate=settings.learning_rate,
        batch_size=settings.train_batch_size,
        eval_interval=settings.eval_step_interval,
        class_weights=settings.class_weights,
        multilabel=settings.multilabel,
    )


def _fine_tuning(settings: RetrainSettings) -> FineTuning | None:
    layers = settings.fine_tune_layers
    if not layers:
        return None
    return FineTuning(
        "all" if layers in ("all", ALL_LAYERS) else layers,
        settings.fine_tune_rate,
        settings.fine_tune_epochs,
        class_weights=settings.class_weights,
    )


def _notes(classes: Classes, dataset: Dataset, preparation: Preparation | None) -> tuple[str, ...]:
    notes = list(dataset.warnings())
    if classes.empty:
        notes.append(f"Left out, as their folders are empty: {', '.join(classes.empty)}.")
    if preparation is None:
        notes.append(
            "The preparation of the images is unknown (no preparation.json): predict will use "
            "images as they are."
        )
    return (*notes, *note_ignored(classes.listing.ignored), *classes.listing.left_out)


def _write_extras(saved_model_dir: Path, metrics: Metrics, settings: RetrainSettings) -> None:
    if settings.output_labels:
        labels = (saved_model_dir / results.LABELS).read_bytes()
        folder = settings.output_labels.parent
        with files.whole_file(settings.output_labels, folder) as unfinished:
            unfinished.write_bytes(labels)
    if settings.summaries_dir:
        write_summaries(settings.summaries_dir, metrics.history)
    if settings.print_misclassified_test_images:
        print((saved_model_dir / results.MISTAKES_TABLE).read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
