"""Label photographs with a trained model.

python autofocus/predict.py --saved_model_dir data/model --indir new_photos --outpath labels.csv
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autofocus.errors import InputDataError
from autofocus.grouping.locations import LocationPattern
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.model.classifier import ASSET_NAME, TrainedClassifier
from autofocus.model.decision import ACCEPT, REVIEW
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    describe,
    jobs_option,
    max_rejected_option,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.predicting.predictor import Predictor
from autofocus.predicting.surroundings import Surroundings, survey
from autofocus.predicting.table import PredictionTable
from autofocus.predicting.wanted import find_rejected, find_wanted
from autofocus.runs import files
from autofocus.runs.items import process
from autofocus.runs.ledger import ledger_beside
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.sharding import Shard
from autofocus.runs.workspace import Workspace

NAME = "predict"


@dataclass(frozen=True)
class PredictSettings:
    """The options of `predict`."""

    table: Path | None = option(
        None,
        "label only the photographs that the column filepath of this table names, relative to "
        "the table's folder or absolute; they must lie below --indir",
        metavar="CSV",
    )
    shard: str | None = option(
        None,
        "label only the I-th of N parts of the photographs, counted from 0; a folder's "
        "photographs stay together, so that parts may be uneven",
        metavar="I/N",
    )
    extensions: tuple[str, ...] = option(
        ("JPG", "JPEG", "PNG"), "take files that end so, in upper or lower case", metavar="EXT"
    )
    photographs: Literal["auto", "raw", "preprocessed"] = option(
        "auto",
        "whether to prepare the photographs as the model's were; auto takes a folder for "
        "preprocessed where preprocess_images left its preparation.json, else for raw",
    )
    probabilities: bool = option(
        False, "write the probability of each label, too, as columns probability_<label>"
    )
    allow_empty: bool = option(
        False,
        "end well where there is no photograph, as in an empty shard",
        affects_output=False,
    )
    batch: int = option(
        32,
        "photographs that the network looks at at once; more may be faster on a GPU",
        affects_output=False,
        metavar="N",
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "jobs")
        require(self.batch >= 1, f"batch must be at least 1, not {self.batch}.")
        require_share("max_rejected", self.max_rejected)
        if self.shard is not None:
            Shard.parse(self.shard)

    @property
    def part(self) -> Shard | None:
        """The shard to label."""
        return None if self.shard is None else Shard.parse(self.shard)


@dataclass(frozen=True)
class PredictResult(StageResult):
    """The account of `predict`.

    Attributes:
        predictions: the table of labels.
    """

    predictions: Path = Path()


def predict(
    saved_model_dir: Path,
    indir: Path,
    outpath: Path,
    settings: PredictSettings = PredictSettings(),
) -> PredictResult:
    """Give every photograph below a folder a label, and every sequence of photographs, too.

    Writes a table with a row a photograph, readable or not: its path (relative to the table's
    folder), the label and its probability, whether a person must look, and what the frames of its
    sequence say together. It may be stopped at any moment; started again it does what is left.

    Args:
        saved_model_dir: the model, as `retrain` wrote it.
        indir: where the photographs are, raw or preprocessed; it is only read.
        outpath: the table to write.
        settings: what to take and how.

    Raises:
        MissingInputError: there is no model, no table of photographs, or no photograph.
        InputDataError: the photographs were preprocessed in another way than the model's, or the
            table names one elsewhere.
        OutputConflictError: `outpath` was begun with another model or other settings.
        TooManyRejectedError: too many can't be used; all others are labelled nevertheless.
    """
    is_raw = settings.photographs == "raw"
    rejected = {} if is_raw else find_rejected(indir, settings.extensions)
    listing = find_wanted(
        indir,
        settings.extensions,
        table=settings.table,
        shard=settings.part,
        rejected=rejected,
        allow_empty=settings.allow_empty,
    )
    names = listing.names
    classifier = TrainedClassifier(saved_model_dir)
    preparation = _choose_preparation(classifier, indir, settings.photographs)
    memory = {**describe(settings), "model": _digest(saved_model_dir)}
    ledger = ledger_beside(outpath)
    folder = files.relative_to_folder(indir, outpath.parent)
    prefix = "" if folder == "." else f"{folder}/"
    table = PredictionTable(classifier.description, names, prefix, settings.probabilities)
    with Workspace(outpath.parent, NAME, memory, output=outpath.name) as workspace:
        surroundings = _survey(classifier, indir, names, preparation, settings, workspace)
        predictor = Predictor(
            indir, classifier, preparation, surroundings, rejected, settings.batch
        )
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
        (*listing.notes, *_notes(preparation, table)),
        earlier,
        predictions=outpath,
    )


def _survey(
    classifier: TrainedClassifier,
    indir: Path,
    names: list[str],
    preparation: Preparation | None,
    settings: PredictSettings,
    workspace: Workspace,
) -> Surroundings | None:
    """Look round what lies beside the photographs, if the model looks at what moved."""
    description = classifier.description
    if not description.looks_at_motion or description.motion is None:
        return None
    return survey(
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
    notes = ["photographs were taken as they are" if preparation is None else "raw photographs"]
    if table.description.thresholds:
        accepted, review = table.decisions[ACCEPT], table.decisions[REVIEW]
        notes.append(
            f"{accepted:,} accepted, {review:,} for review ({table.description.threshold_target})"
        )
    return tuple(notes)


def _choose_preparation(
    classifier: TrainedClassifier, indir: Path, photographs: str
) -> Preparation | None:
    """Return how to prepare the photographs; None if they are to be taken as they are."""
    wanted = classifier.description.preparation
    if photographs == "preprocessed" or wanted is None:
        return None
    mark = indir / PREPARATION_NAME
    if photographs == "raw" or not mark.is_file():
        return wanted
    found = Preparation.from_file(mark)
    if found != wanted:
        raise InputDataError(
            f"The photographs in {indir} were preprocessed with {found.to_json()}, and those of "
            f"the model with {wanted.to_json()}: give the raw ones, or preprocess them likewise."
        )
    return None


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
    summary="Label photographs with a trained model.",
    example=f"autofocus {NAME} --saved_model_dir data/model --indir photos --outpath labels.csv",
    function=predict,
    arguments=(
        Argument("saved_model_dir", "the model's folder, as retrain wrote it"),
        Argument("indir", "the folder below which the photographs are"),
        Argument("outpath", "the table to write"),
    ),
    settings=PredictSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
