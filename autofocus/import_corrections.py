"""Read corrected labels back as a table of detections, from which the next run learns.

autofocus import_corrections timelapse.csv --predictions results/predictions.csv \
        --outpath data/corrections.csv
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autofocus.errors import InputDataError
from autofocus.exporting.corrections import Correction, read_corrections
from autofocus.exporting.originals import Originals
from autofocus.exporting.reading import ResultTable
from autofocus.exporting.rows import HUMAN, ExportRow
from autofocus.options.command import Argument, Command
from autofocus.options.settings import describe, option
from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.ledger import Reason, Row, ledger_beside, rejected
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.spelling import fold_name, fold_path, index_folded
from autofocus.runs.wording import shown
from autofocus.runs.workspace import Workspace
from autofocus.tables.columns import CORRECTIONS

NAME = "import_corrections"
MODEL = "model"


@dataclass(frozen=True)
class CorrectionSettings:
    """The options of `import_corrections`."""

    unchanged: Literal["skip", "confirmed", "model"] = option(
        "skip",
        "what labels mean that nobody has changed or marked as reviewed: nothing (skip), that a "
        "person has confirmed them, or that they are the model's",
    )


@dataclass(frozen=True)
class CorrectionResult(StageResult):
    """The result of `import_corrections`.

    Attributes:
        table: the table of detections.
    """

    table: Path = Path()


def import_corrections(
    corrections: Path,
    predictions: Path,
    outpath: Path,
    settings: CorrectionSettings = CorrectionSettings(),
) -> CorrectionResult:
    """Read corrected labels back as a table of detections.

    Writes a row per label of an image that somebody has corrected or confirmed: its path relative
    to the folder of originals, its date, the label, who gave it (`source`: human or model; `by`,
    `when`), and 1 in the column `correction`. In `clean_detections`, such rows replace all other
    labels of their images. The inputs in the ledger are the rows of the file.

    Args:
        corrections: a table from Timelapse or another program with the columns that `export`
            wrote, or the JSON that Label Studio exports.
        predictions: the table that was exported for review.
        outpath: the table to write.
        settings: what unchanged labels mean.

    Returns:
        The counts, the notes and the path of the table.

    Raises:
        MissingInputError: one of the files does not exist.
        InputDataError: one of them can't be read, or no image of it is among the predictions.
        OutputConflictError: `outpath` was begun with other settings, is in use, or was not
            written by this stage.
    """
    ledger = ledger_beside(outpath)
    check_outputs([outpath, ledger], [outpath.parent], [corrections, predictions])

    def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
        known = _Known.of(predictions)
        decided = [_decide(one, known, settings) for one in read_corrections(corrections)]
        _check_any(decided, corrections, predictions)
        with CsvWriter(unfinished[outpath], CORRECTIONS) as writer:
            for one in decided:
                writer.write_all(one.cells())
        return JointOutcome([one.row for one in decided], _notes(decided))

    with Workspace(outpath.parent, NAME, describe(settings), output=outpath.name) as workspace:
        counts, notes = make_jointly(workspace, ledger, [outpath], make)
    return CorrectionResult(NAME, counts, ledger, {"table": outpath}, notes, table=outpath)


@dataclass(frozen=True)
class _Known:
    """The predictions by the path of the image, and their paths by `fold_path`."""

    rows: Mapping[str, ExportRow]
    folded: Mapping[str, str]

    @classmethod
    def of(cls, predictions: Path) -> "_Known":
        rows: dict[str, ExportRow] = {}
        for row in ResultTable(predictions, Originals(predictions.parent)).rows():
            rows[row.original] = row
            rows.setdefault(row.filepath, row)
        return cls(rows, index_folded(rows))

    def find(self, path: str) -> ExportRow | None:
        spelled = path if path in self.rows else self.folded.get(fold_path(path), path)
        return self.rows.get(spelled)


@dataclass(frozen=True)
class _Decision:
    """What becomes of a row: its row in the ledger, and the labels to write."""

    correction: Correction
    row: Row
    image: ExportRow | None = None
    is_changed: bool = False
    source: str = HUMAN

    def cells(self) -> Iterator[Sequence[str]]:
        """Yield the rows of the table."""
        if self.image is None or self.row.reason is not None:
            return
        is_human = self.source == HUMAN
        by, when = (self.correction.by, self.correction.when) if is_human else ("", "")
        for label in self.correction.labels:
            date = self.image.date
            yield (self.image.original, date, label, self.source, by, when, str(int(is_human)))


def _decide(one: Correction, known: _Known, settings: CorrectionSettings) -> _Decision:
    if one.problem:
        return _Decision(one, rejected(one.source, Reason.MISSING_FIELD, one.problem))
    image = known.find(one.path)
    if image is None:
        detail = f"{shown(one.path, 300)} is not among the predictions"
        return _Decision(one, rejected(one.source, Reason.IMAGE_MISSING, detail))
    if not one.labels:
        return _Decision(one, rejected(one.source, Reason.NO_LABEL, one.path))
    if one.is_deleted:
        detail = f"{one.path} is marked to be deleted"
        return _Decision(one, rejected(one.source, Reason.NOT_SELECTED, detail))
    is_changed = _folded(one.labels) != _folded(image.labels)
    if not (is_changed or one.is_reviewed) and settings.unchanged == "skip":
        detail = f"{one.path} is neither changed nor marked as reviewed"
        return _Decision(one, rejected(one.source, Reason.NOT_SELECTED, detail))
    is_model = not (is_changed or one.is_reviewed) and settings.unchanged == "model"
    row = Row(one.source, output=image.original)
    return _Decision(one, row, image, is_changed, MODEL if is_model else HUMAN)


def _folded(labels: Sequence[str]) -> set[str]:
    return set(map(fold_name, labels))


def _check_any(decided: Sequence[_Decision], corrections: Path, predictions: Path) -> None:
    if any(one.image for one in decided):
        return
    if not decided:
        raise InputDataError(
            f"{corrections} has no corrected labels: nobody has annotated a task."
        )
    example = decided[0].row.detail
    raise InputDataError(
        f"Nothing in {corrections} can be taken over from {predictions}: for example, "
        f"{decided[0].correction.source}: {example}."
    )


def _notes(decided: Sequence[_Decision]) -> tuple[str, ...]:
    counts = Counter(
        ("model" if one.source == MODEL else "corrected" if one.is_changed else "confirmed")
        for one in decided
        if one.row.reason is None
    )
    left = sum(one.row.reason == Reason.NOT_SELECTED for one in decided)
    words = [f"{counts[word]} {word}" for word in ("corrected", "confirmed")]
    words.append(f"{counts['model']} of the model")
    words.append(f"{left} left out as nobody reviewed them")
    return (", ".join(words),)


COMMAND = Command(
    name=NAME,
    summary="Read corrected labels back as a table of detections for the next run.",
    example=(
        f"autofocus {NAME} timelapse.csv --predictions results/predictions.csv "
        "--outpath data/corrections.csv"
    ),
    function=import_corrections,
    arguments=(
        Argument("corrections", "corrected table (CSV), or JSON of Label Studio", positional=True),
        Argument("predictions", "table that was exported for review"),
        Argument("outpath", "table to write"),
    ),
    settings=CorrectionSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
