"""Label images with a trained model.

python autofocus/predict.py --saved_model_dir data/model --indir new_photos --outpath labels.csv
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autofocus.errors import InputDataError
from autofocus.grouping.locations import LocationPattern
from autofocus.images import trims
from autofocus.images.finding import find_images
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.model.decision import ACCEPT, REVIEW
from autofocus.model.saved_model import ASSET_NAME, TrainedClassifier
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    IMAGES,
    LIMITS,
    describe,
    jobs_option,
    max_rejected_option,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.predicting.inputs import find_inputs, find_rejected
from autofocus.predicting.neighbours import Neighbours, find_neighbours
from autofocus.predicting.predictor import Predictor
from autofocus.predicting.table import PredictionTable
from autofocus.predicting.thresholds import missing_evidence, parse_thresholds, with_thresholds
from autofocus.runs import files
from autofocus.runs.items import process
from autofocus.runs.ledger import ledger_beside
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.sharding import Shard
from autofocus.runs.workspace import Workspace

NAME = "predict"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 1


@dataclass(frozen=True)
class PredictSettings:
    """The options of `predict`."""

    table: Path | None = option(
        None,
        "label only the images in the column filepath of this table; paths are absolute or "
        "relative to the table's folder, and below --indir",
        metavar="CSV",
        group=IMAGES,
    )
    shard: str | None = option(
        None,
        "label only shard I of N, counted from 0; a folder's images stay together, so that shards "
        "may differ in size",
        metavar="I/N",
        group=IMAGES,
    )
    extensions: tuple[str, ...] = option(
        ("JPG", "JPEG", "PNG"),
        "extensions of image files, in upper or lower case",
        metavar="EXT",
        group=IMAGES,
    )
    photographs: Literal["auto", "raw", "preprocessed"] = option(
        "auto",
        "raw images are preprocessed as the model's training images were; auto: raw, unless the "
        "folder holds the preparation.json of preprocess_images",
        group=IMAGES,
    )
    probabilities: bool = option(
        False, "write the probability of each label in columns probability_<label>", group="output"
    )
    precision: float | None = option(
        None,
        "accept predictions from the thresholds on that ensure this precision, instead of the "
        "model's",
        affects_output=False,  # decisions are made anew from the probabilities by every run
        metavar="SHARE",
        group="decisions",
    )
    threshold: tuple[str, ...] = option(
        (),
        "accept predictions of a label from this probability on, such as raccoon=0.8",
        affects_output=False,
        metavar="LABEL=SHARE",
        group="decisions",
    )
    allow_empty: bool = option(
        False,
        "succeed if there are no images, as in an empty shard",
        affects_output=False,
        group=LIMITS,
    )
    batch: int = option(
        32,
        "images per batch; more may be faster on a GPU",
        affects_output=False,
        metavar="N",
        group=LIMITS,
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "jobs")
        require(self.batch >= 1, f"batch must be at least 1, not {self.batch}.")
        require_share("max_rejected", self.max_rejected)
        require(
            self.precision is None or 0 <= self.precision < 1,
            f"precision must be from 0 to below 1, not {self.precision}: no number of images can "
            "ensure 1.",
        )
        parse_thresholds(self.threshold)
        if self.shard is not None:
            Shard.parse(self.shard)

    @property
    def part(self) -> Shard | None:
        """The shard to label."""
        return None if self.shard is None else Shard.parse(self.shard)


@dataclass(frozen=True)
class PredictResult(StageResult):
    """The summary of `predict`.

    Attributes:
        predictions: the table of predictions.
    """

    predictions: Path = Path()


def predict(
    saved_model_dir: Path,
    indir: Path,
    outpath: Path,
    settings: PredictSettings = PredictSettings(),
) -> PredictResult:
    """Label every image below a folder, and every sequence of images.

    Writes a table with one row per image, readable or not: its path (relative to the table's
    folder), its label and score, whether a person must review it, and the label and score of its
    sequence. It can be stopped at any moment; started again, it continues.

    Args:
        saved_model_dir: the model, as written by `retrain`.
        indir: the folder of the images, raw or preprocessed; it is only read.
        outpath: the table to write.
        settings: which images to label, and how.

    Raises:
        MissingInputError: the model, the table of images or the images are missing.
        InputDataError: the images were preprocessed in another way than the model's, or the table
            names an image elsewhere.
        OutputConflictError: `outpath` was begun with another model or other settings.
        TooManyRejectedError: too many images can't be used; all others are labelled nevertheless.
    """
    is_raw = settings.photographs == "raw"
    rejected = {} if is_raw else find_rejected(indir, settings.extensions)
    listing = find_inputs(
        indir,
        settings.extensions,
        table=settings.table,
        shard=settings.part,
        rejected=rejected,
        allow_empty=settings.allow_empty,
    )
    names = listing.names
    classifier = TrainedClassifier(saved_model_dir)
    description = with_thresholds(classifier.description, settings.precision, settings.threshold)
    preparation = _choose_preparation(classifier, indir, settings.photographs)
    preparation, found = _complete_preparation(preparation, indir, settings)
    memory = {**describe(settings), "model": _digest(saved_model_dir)}
    ledger = ledger_beside(outpath)
    folder = files.relative_to_folder(indir, outpath.parent)
    prefix = "" if folder == "." else f"{folder}/"
    table = PredictionTable(description, names, prefix, settings.probabilities)
    with Workspace(outpath.parent, NAME, memory, output=outpath.name, recipe=RECIPE) as workspace:
        neighbours = _find_neighbours(classifier, indir, names, preparation, settings, workspace)
        predictor = Predictor(indir, classifier, preparation, neighbours, rejected, settings.batch)
        counts = process(
            predictor.items(names),
            workspace,
            ledger,
            tables=[table.at(outpath)],
            jobs=settings.jobs or cores(),
        )
    earlier = tuple(rejected[name] for name in names if name in rejected)
    counts.check(settings.max_rejected, ledger, earlier)
    return PredictResult(
        NAME,
        counts,
        ledger,
        {"predictions": outpath},
        (*listing.notes, *found, *_notes(preparation, table)),
        earlier,
        predictions=outpath,
    )


def _find_neighbours(
    classifier: TrainedClassifier,
    indir: Path,
    names: list[str],
    preparation: Preparation | None,
    settings: PredictSettings,
    workspace: Workspace,
) -> Neighbours | None:
    """Return the neighbours of the images if the model needs the boxes around motion."""
    description = classifier.description
    if not description.needs_motion or description.motion is None:
        return None
    return find_neighbours(
        indir,
        names,
        settings.extensions,
        preparation,
        description.motion,
        LocationPattern(description.location_pattern),
        workspace,
        settings.jobs or cores(),
    )


def _notes(preparation: Preparation | None, table: PredictionTable) -> tuple[str, ...]:
    notes = ["images were used as they are" if preparation is None else "raw images"]
    if table.description.thresholds:
        accepted, review = table.decisions[ACCEPT], table.decisions[REVIEW]
        notes.append(
            f"{accepted:,} accepted, {review:,} for review ({table.description.threshold_target})"
        )
        notes += missing_evidence(table.description)
    return tuple(notes)


def _choose_preparation(
    classifier: TrainedClassifier, indir: Path, photographs: str
) -> Preparation | None:
    """Return how to preprocess the images; None if they are preprocessed already."""
    expected = classifier.description.preparation
    if photographs == "preprocessed" or expected is None:
        return None
    file = indir / PREPARATION_NAME
    if photographs == "raw" or not file.is_file():
        return expected
    actual = Preparation.from_file(file)
    if not actual.agrees_with(expected):
        raise InputDataError(
            f"The images in {indir} were preprocessed with {actual.to_json()}, and those of the "
            f"model with {expected.to_json()}: give the raw images, or preprocess them with the "
            "model's settings."
        )
    return None


def _complete_preparation(
    preparation: Preparation | None, indir: Path, settings: PredictSettings
) -> tuple[Preparation | None, tuple[str, ...]]:
    """Detect the footers of cameras that the model has not seen, if it was trained that way."""
    if preparation is None or not preparation.is_auto:
        return preparation, ()
    # Of all images, so that every shard crops the same.
    names = find_images(indir, settings.extensions, allow_empty=True)
    return trims.complete(preparation, trims.Source(indir), names, settings.jobs or cores())


def _digest(saved_model_dir: Path) -> str:
    names = [
        "saved_model.pb",
        "variables/variables.data-00000-of-00001",
        f"assets/{ASSET_NAME}",
    ]
    parts = [files.digest_file(saved_model_dir / name) for name in names]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


COMMAND = Command(
    name=NAME,
    summary="Label images with a trained model.",
    example=f"autofocus {NAME} --saved_model_dir data/model --indir photos --outpath labels.csv",
    function=predict,
    arguments=(
        Argument("saved_model_dir", "the model's folder, as written by retrain"),
        Argument("indir", "the folder of the images"),
        Argument("outpath", "the table to write"),
    ),
    settings=PredictSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
