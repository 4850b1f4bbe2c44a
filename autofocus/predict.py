"""Label photographs with a trained model.

python autofocus/predict.py --saved_model_dir data/model --indir new_photos --outpath labels.csv
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.common import files
from autofocus.common.command import Argument, Command
from autofocus.common.errors import InputDataError
from autofocus.common.items import Items, Pending, Table, process
from autofocus.common.journal import Outcome
from autofocus.common.ledger import Reason, Row, ledger_beside, rejected
from autofocus.common.parallel import cores
from autofocus.common.result import StageResult
from autofocus.common.settings import (
    describe,
    jobs_option,
    max_rejected_option,
    option,
    require_not_negative,
    require_share,
)
from autofocus.common.workspace import Workspace
from autofocus.images.decoding import RejectedImageError
from autofocus.images.finding import check_name, find_images
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.learning.classifier import TrainedClassifier
from autofocus.learning.loading import load, to_batch
from autofocus.tables.columns import PREDICTIONS, PROBABILITY

NAME = "predict"
BATCH = 32


@dataclass(frozen=True)
class PredictSettings:
    """The options of `predict`."""

    extensions: tuple[str, ...] = option(
        ("JPG", "JPEG", "PNG"), "take files that end so, in upper or lower case", metavar="EXT"
    )
    photographs: Literal["auto", "raw", "preprocessed"] = option(
        "auto",
        "whether to prepare the photographs as the model's were; auto takes a folder for "
        "preprocessed where preprocess_images left its preparation.json, else for raw",
    )
    allow_empty: bool = option(
        False,
        "end well where there is no photograph, as in an empty shard",
        affects_output=False,
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "jobs")
        require_share("max_rejected", self.max_rejected)


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
    """Give every photograph below a folder a label.

    Writes a table with a row a photograph: its path (relative to the table's folder), the label,
    the label's probability, and the probability of each label. It may be stopped at any moment;
    started again it does what is left.

    Args:
        saved_model_dir: the model, as `retrain` wrote it.
        indir: where the photographs are, raw or preprocessed; it is only read.
        outpath: the table to write.
        settings: what to take and how.

    Raises:
        MissingInputError: there is no model, or no photograph.
        InputDataError: the photographs were preprocessed in another way than the model's.
        OutputConflictError: `outpath` was begun with another model or other settings.
        TooManyRejectedError: too many can't be used; all others are labelled nevertheless.
    """
    names = find_images(indir, settings.extensions, allow_empty=settings.allow_empty)
    classifier = TrainedClassifier(saved_model_dir)
    preparation = _choose_preparation(classifier, indir, settings.photographs)
    memory = {**describe(settings), "model": _digest(saved_model_dir)}
    ledger = ledger_beside(outpath)
    with Workspace(outpath.parent, NAME, memory, output=outpath.name) as workspace:
        predictor = _Predictor(indir, classifier, preparation)
        counts = process(
            predictor.items(names),
            workspace,
            ledger,
            tables=[predictor.table(outpath)],
            jobs=settings.jobs or cores(),
        )
    counts.check(settings.max_rejected, ledger, harmless=[Reason.APPLE_DOUBLE])
    note = "photographs were taken as they are" if preparation is None else "raw photographs"
    return PredictResult(
        NAME, counts, ledger, {"predictions": outpath}, (note,), predictions=outpath
    )


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
    names = ["saved_model.pb", "variables/variables.data-00000-of-00001"]
    parts = [files.digest_file(saved_model_dir / name) for name in names]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Predictor:
    """Labels photographs, a batch at a time."""

    indir: Path
    classifier: TrainedClassifier
    preparation: Preparation | None

    def items(self, names: Sequence[str]) -> Items[str]:
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            complete=self._complete,
            batch=BATCH,
        )

    def table(self, outpath: Path) -> Table:
        labels = self.classifier.description.labels
        columns = [*PREDICTIONS, *(PROBABILITY + label for label in labels)]
        prefix = files.relative_to_folder(self.indir, outpath.parent)

        def row(outcome: Outcome) -> list[Any]:
            probabilities = outcome.extra["probabilities"]
            best = max(range(len(labels)), key=lambda number: float(probabilities[number]))
            path = f"{prefix}/{outcome.row.input}"
            return [path, labels[best], probabilities[best], *probabilities]

        return Table(outpath, columns, row)

    def _work(self, name: str) -> Outcome | Pending:
        path = self.indir / name
        try:
            check_name(name)
            pixels = load(path, self.classifier.description.image_size, self.preparation)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))
        return Pending((name, files.stamp(path), pixels))

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        return files.is_unchanged(self.indir / name, earlier.extra)

    def _complete(
        self, batch: Sequence[tuple[str, dict[str, int], NDArray[np.uint8]]]
    ) -> list[Outcome]:
        pixels = [pixels for _, _, pixels in batch]
        probabilities = self.classifier.probabilities(to_batch(pixels))
        return [
            Outcome(Row(name), {**stamp, "probabilities": [f"{share:.4f}" for share in row]})
            for (name, stamp, _), row in zip(batch, probabilities, strict=True)
        ]


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
