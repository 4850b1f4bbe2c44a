"""The monthly job: label new images of a folder or bucket, and export the results.

autofocus label images_november --model results/model --outdir results_november
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import OutputConflictError
from autofocus.export import ExportResult, export
from autofocus.exporting.settings import ExportSettings
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.label_settings import COMMAND, LabelSettings
from autofocus.model.decision import ACCEPT, REVIEW
from autofocus.model.saved_model import read_description
from autofocus.options.settings import (
    require,
)
from autofocus.predict import PREDICTIONS_NAME, PredictResult, predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs import files
from autofocus.runs.memory import RunMemory
from autofocus.runs.outputs import check_outputs
from autofocus.runs.records import read_record, write_record
from autofocus.runs.result import StageResult
from autofocus.runs.wording import plural
from autofocus.runs.workspace import HIDDEN
from autofocus.tracking.local_models import local_model

if TYPE_CHECKING:
    from autofocus.download_settings import DownloadSettings

NAME = "label"
_S3 = "s3://"
# Below the folder of the results.
_DATA, _PREPROCESSED, _EXPORT = "data", "preprocessed", "export"
# The summary names this many labels, and counts all others together.
_MAX_LABELS = 12


@dataclass(frozen=True)
class LabelResult:
    """The result of `label`.

    Attributes:
        stages: the result of each stage.
        outdir: the folder of the results.
    """

    stages: tuple[StageResult, ...]
    outdir: Path

    @property
    def predicted(self) -> PredictResult:
        """The result of `predict`."""
        return next(result for result in self.stages if isinstance(result, PredictResult))

    def __str__(self) -> str:
        """Return the summary: how many images, accepted, for review, by label, and where."""
        predicted = self.predicted
        counts, decisions = predicted.counts, predicted.decisions
        notes = [f"  note: {note}" for stage in self.stages for note in stage.notes]
        lines = [f"{NAME}: {counts}", *notes, f"  labels:      {_most_common(predicted.labels)}"]
        if decisions.get(ACCEPT) or decisions.get(REVIEW):
            lines.append(f"  accepted:    {plural(decisions.get(ACCEPT, 0), 'image')}")
            lines.append(f"  for review:  {plural(decisions.get(REVIEW, 0), 'image')}")
        if sequences := predicted.sequence_decisions:
            lines.append(
                f"  sequences:   {sequences[ACCEPT]:,} accepted, {sequences[REVIEW]:,} for review"
            )
        outputs = {**predicted.outputs, "ledger": predicted.ledger}
        if any(isinstance(stage, ExportResult) for stage in self.stages):
            outputs["export"] = self.outdir / _EXPORT
        return "\n".join([*lines, *(f"  {word + ':':<12} {outputs[word]}" for word in outputs)])


def _most_common(labels: Mapping[str, int]) -> str:
    ordered = sorted(labels.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{label or 'none'} {number:,}" for label, number in ordered[:_MAX_LABELS]]
    others = sum(number for _, number in ordered[_MAX_LABELS:])
    return ", ".join([*words, *([f"others {others:,}"] if others else [])]) or "none"


def label(
    images: str | Path, model: Path | str, outdir: Path, settings: LabelSettings = LabelSettings()
) -> LabelResult:
    """Label new images: download, preprocess as the model needs it, predict, export.

    Writes `predictions.csv` and `events.csv` into `outdir`, the preprocessed images into
    `preprocessed`, what comes from a bucket into `data`, and the formats into `export`. It can be
    stopped at any moment; started again, it does what is left. Called again when images have been
    added, it labels these, and the tables grow. Predictions of another model are made anew.

    Args:
        images: a folder of images, raw or preprocessed; a single image; or `s3://BUCKET/PREFIX`.
        model: the model's folder, as written by `retrain`; or `models:/NAME@ALIAS` or
            `models:/NAME/VERSION`, which is fetched from MLflow's registry.
        outdir: the folder to write to.
        settings: how to label, and what to export.

    Raises:
        OutputConflictError: `outdir` holds the results of other images, lies among the images, or
            is in use.
        AutofocusError: of the stage that failed.
    """
    check_outputs(folders=[outdir])
    folder = local_model(model, settings.patience)
    preparation = read_description(folder).preparation
    address = str(images)
    is_remote = address.startswith(_S3)
    require(address != _S3, "Write s3://BUCKET or s3://BUCKET/PREFIX.")
    source = outdir / _DATA if is_remote else Path(images)
    if not is_remote:
        _check_apart(source, outdir)
    job = _Job(source, folder, outdir, settings, preparation)
    _check_kept(settings, is_remote=is_remote, is_preprocessing=job.is_preprocessing)
    steps: list[tuple[str, Callable[[], StageResult]]] = [("predict", job.predict)]
    if settings.keep_raw and job.is_preprocessing:
        steps.insert(0, ("preprocess_images", job.preprocess))
    if settings.keep_raw and is_remote:
        steps.insert(0, ("download_images", lambda: job.download(address)))
    results: list[StageResult] = []
    with RunMemory.of(outdir, NAME) as memory:
        known = _Images.of(outdir, address)
        known.check()
        if not settings.keep_raw:
            print("ingest_images", file=sys.stderr, flush=True)
            results += job.ingest(address, memory)
            known.remember()
        for number, (name, step) in enumerate(steps, 1):
            print(f"[{number}/{len(steps)}] {name}", file=sys.stderr, flush=True)
            with memory.stage(name):
                results.append(step())
            known.remember()
        if settings.formats and results[-1].counts.inputs > results[-1].counts.rejected:
            with memory.stage("export"):
                results.append(job.export())
    return LabelResult(tuple(results), outdir)


def _check_kept(settings: LabelSettings, *, is_remote: bool, is_preprocessing: bool) -> None:
    """Check that the original images need not be files, if they are not to be kept."""
    require(
        settings.keep_raw or is_remote,
        "Images of a folder are never removed: leave --no-keep-raw out.",
    )
    require(
        settings.keep_raw or is_preprocessing,
        "This model labels original images, which must be files: leave --no-keep-raw out.",
    )


def _check_apart(source: Path, outdir: Path) -> None:
    """Check that the results don't lie among the images, or in the folder of a run."""
    if source.is_dir() and files.inside(source, outdir):
        raise OutputConflictError(
            f"outdir, {outdir}, lies in the folder of the images, {source}, where preprocessed "
            "images would be taken for new ones: give an --outdir outside."
        )
    if (outdir / HIDDEN / "run").is_dir():
        raise OutputConflictError(
            f"outdir, {outdir}, holds the results of autofocus run: give another --outdir."
        )


@dataclass(frozen=True)
class _Images:
    """Which images a folder holds the results of, so that those of others don't replace them.

    Attributes:
        outdir: the folder of the results.
        absolute: the address or the absolute path of the images.
        relative: their path relative to the results, as both may be moved together.
    """

    outdir: Path
    absolute: str
    relative: str

    @classmethod
    def of(cls, outdir: Path, images: str) -> "_Images":
        if images.startswith(_S3):
            return cls(outdir, images, images)
        path = Path(images).absolute()
        names = (str(path), files.relative_to_folder(path, outdir.absolute()))
        # Names of files need not be in UTF-8.
        return cls(outdir, *(name.encode(errors="backslashreplace").decode() for name in names))

    @property
    def _path(self) -> Path:
        return self.outdir / HIDDEN / NAME / "images.json"

    def check(self) -> None:
        """Raise OutputConflictError if the folder holds the results of other images."""
        before = read_record(self._path, dict)
        if before is None:
            return
        other, relative = before.get("absolute"), before.get("relative")
        if self.absolute != other and self.relative != relative:
            raise OutputConflictError(
                f"{self.outdir} holds the results of {other}, which those of "
                f"{self.absolute} would replace: give another --outdir, or one folder that holds "
                "all images."
            )

    def remember(self) -> None:
        """Record the images; not before the first stage has ended, as their name may be wrong."""
        value = {"absolute": self.absolute, "relative": self.relative}
        write_record(self._path, value, self._path.parent / "tmp")


@dataclass(frozen=True)
class _Job:
    """The stages, each with the outputs of the one before it.

    Attributes:
        source: the folder of the images, or a single image.
        model: the model's folder.
        outdir: the folder of the results.
        settings: of the command.
        preparation: how the model needs its images preprocessed; None if that is unknown.
    """

    source: Path
    model: Path
    outdir: Path
    settings: LabelSettings
    preparation: Preparation | None

    @property
    def is_preprocessing(self) -> bool:
        """Whether the images are preprocessed to files; a single one is by `predict`."""
        is_ready = (self.source / PREPARATION_NAME).is_file() or self.source.is_file()
        return self.preparation is not None and not is_ready

    @property
    def _predictions(self) -> Path:
        return self.outdir / PREDICTIONS_NAME

    def download(self, address: str) -> StageResult:
        """Download what lies below the prefix; the local folder then has the keys as paths."""
        from autofocus.download_images import download_images

        bucket, settings = self._download_settings(address)
        return download_images(self.source, bucket, settings)

    def ingest(self, address: str, memory: RunMemory) -> tuple[StageResult, ...]:
        """Download and preprocess what lies below the prefix, without files of original images."""
        from autofocus.ingest_images import ingest_bucket

        bucket, download = self._download_settings(address)
        outdir, preprocess = self.outdir / _PREPROCESSED, self._preprocess_settings()
        ingested = ingest_bucket(
            bucket, self.source, outdir, download, preprocess, remember=memory.stage
        )
        return ingested.stages

    def _download_settings(self, address: str) -> "tuple[str, DownloadSettings]":
        from autofocus.download_settings import DownloadSettings

        bucket, _, prefix = address.removeprefix(_S3).partition("/")
        return bucket, DownloadSettings(
            prefix=prefix,
            endpoint_url=self.settings.endpoint_url,
            no_sign_request=self.settings.no_sign_request,
            request_payer=self.settings.request_payer,
            patience=self.settings.patience,
            max_rejected=self.settings.max_rejected,
        )

    def preprocess(self) -> StageResult:
        """Crop and resize the images as the model needs them."""
        outdir = self.outdir / _PREPROCESSED
        return preprocess_images(self.source, outdir, self._preprocess_settings())

    def _preprocess_settings(self) -> PreprocessSettings:
        needed = self.preparation
        if needed is None:
            raise TypeError("The model's preparation is unknown.")
        settings: PreprocessSettings = self.settings.of(
            PreprocessSettings,
            trim_bottom=needed.trim_bottom,
            trim_top=needed.trim_top,
            trim_by_camera=tuple(map(str, needed.cameras)),
            min_side=needed.min_side,
        )
        return settings

    def predict(self) -> StageResult:
        """Label the images."""
        indir = self.outdir / _PREPROCESSED if self.is_preprocessing else self.source
        settings = self.settings.of(PredictSettings)
        return predict(self.model, indir, self._predictions, settings)

    def export(self) -> StageResult:
        """Write the formats."""
        folder = self.source.parent if self.source.is_file() else self.source
        settings = self.settings.of(ExportSettings, images=folder)
        return export(self._predictions, self.outdir / _EXPORT, settings)


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
