"""Write results in the formats that other programs open.

autofocus export --predictions results/predictions.csv --outdir results/export \
        --formats megadetector csv
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.errors import OutputConflictError
from autofocus.exporting import folders
from autofocus.exporting.context import Export
from autofocus.exporting.settings import ExportSettings
from autofocus.exporting.writing import file_names, ledger_rows, write_formats
from autofocus.images.unkept import check_kept
from autofocus.options.command import Argument, Command
from autofocus.runs import marks
from autofocus.runs.joint import JointOutcome, make_jointly, read_memory
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.wording import plural
from autofocus.runs.workspace import Workspace

NAME = "export"


@dataclass(frozen=True)
class ExportResult(StageResult):
    """The result of `export`.

    Attributes:
        files: the files that were written.
    """

    files: tuple[Path, ...] = ()


def export(
    predictions: Path, outdir: Path, settings: ExportSettings = ExportSettings()
) -> ExportResult:
    """Write results in the formats that other programs open.

    A folder holds one export: its files replace those of an earlier one, unless somebody has
    changed them since. The inputs in the ledger are the rows of the table.

    Args:
        predictions: the table that `predict` wrote, or the one that `clean_detections` wrote.
        outdir: the folder to write to.
        settings: which formats, and which rows.

    Returns:
        The counts, the notes and the paths of the files.

    Raises:
        MissingInputError: a table does not exist.
        InputDataError: the table can't be read, or a format can hold none of its rows.
        OutputConflictError: a file in `outdir` was not written by this stage, or was changed.
    """
    if folders.NAME in settings.formats and settings.images is not None:
        check_kept(settings.images)
    content = Export(predictions, settings)
    names = file_names(content)
    outputs = {name: outdir / name for name in names}
    ledger = outdir / LEDGER_NAME
    read = [predictions, settings.deployments, settings.taxa]
    check_outputs([*outputs.values(), ledger], [outdir], read)
    if folders.NAME in settings.formats:
        folders.check_folder(content, outdir / folders.NAME)

    def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
        notes = write_formats(content, {name: unfinished[outputs[name]] for name in names})
        for path in outputs.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        return JointOutcome(ledger_rows(content), notes)

    with Workspace(outdir, NAME, {}) as workspace:
        earlier = _recorded(workspace)
        _check_unchanged(outdir, earlier)
        counts, notes = make_jointly(workspace, ledger, list(outputs.values()), make)
        _remove(outdir, set(earlier) - set(names), workspace)
    if folders.NAME in settings.formats:
        linked = folders.link_images(content, outdir / folders.NAME)
        outputs = {**outputs, folders.NAME: outdir / folders.NAME}
        notes = (*notes, f"linked by label: {plural(linked.ok + linked.reused, 'file')}")
    else:
        folders.remove_links(outdir / folders.NAME)
    written = tuple(outputs.values())
    # Of a format with many files, the folder is enough for people.
    shown = {name.partition("/")[0]: outdir / name.partition("/")[0] for name in outputs}
    return ExportResult(NAME, counts, ledger, shown, notes, files=written)


def _recorded(workspace: Workspace) -> dict[str, Any]:
    """Return the marks of the files that the last export wrote."""
    return dict(read_memory(workspace)["outputs"])


def _check_unchanged(outdir: Path, earlier: Mapping[str, Any]) -> None:
    """Check that nobody has edited a file of the last export, such as a table for review."""
    for name, mark in earlier.items():
        path = outdir / name
        if path.exists() and not marks.check(path, mark):
            raise OutputConflictError(
                f"{path} has been changed since {NAME} wrote it: move it away, or choose another "
                "--outdir."
            )


def _remove(outdir: Path, names: Iterable[str], workspace: Workspace) -> None:
    """Remove the files of formats that this export does not have."""
    for name in names:
        path = outdir / name
        workspace.remove(path)
        with suppress(OSError):  # a folder is not empty
            for folder in path.parents[: len(Path(name).parts) - 1]:
                folder.rmdir()


COMMAND = Command(
    name=NAME,
    summary="Write results in the formats that other programs open.",
    example=(
        f"autofocus {NAME} --predictions results/predictions.csv --outdir results/export "
        "--formats megadetector csv"
    ),
    function=export,
    arguments=(
        Argument("predictions", "table of predict, or detections_clean.csv"),
        Argument("outdir", "folder to write to"),
    ),
    settings=ExportSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
