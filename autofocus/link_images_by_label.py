"""Stage 3: link each image into the folder of its label.

python autofocus/link_images_by_label.py --detections-path data/detections_clean.csv \
        --outdir data/links --labelmap-path sample_data/raccoon_labelmap.json \
        --label-priority-path sample_data/label_priority.txt
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError, OutputConflictError
from autofocus.images.names import PREPARATION_NAME
from autofocus.labels.choosing import Choices, choose
from autofocus.labels.folders import label_to_folder
from autofocus.labels.labelmap import map_labels, read_labelmap
from autofocus.labels.linking import Linker, Making, common_preparation
from autofocus.labels.notes import note_labelmap, note_rules, note_separators
from autofocus.labels.priority import Rule, read_rules
from autofocus.link_settings import COMMAND, LinkSettings
from autofocus.options.settings import describe
from autofocus.runs import files
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.result import StageResult
from autofocus.runs.results import RowsTable
from autofocus.runs.spelling import describe_merges, merge_spellings
from autofocus.runs.workspace import Workspace
from autofocus.tables.columns import LINKS, LINKS_NAME
from autofocus.tables.labels import Labelled, merge_labels, read_labelled

NAME = "link_images_by_label"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 2


@dataclass(frozen=True)
class LinkResult(StageResult):
    """The result of `link_images_by_label`.

    Attributes:
        links: the table of all links.
    """

    links: Path = Path(LINKS_NAME)


def _making(settings: LinkSettings) -> Making:
    """Return what is made of an image."""
    if settings.links_only:
        return Making.NOTHING
    return Making.COPIES if settings.copy else Making.LINKS


def link_images_by_label(
    detections_path: Path, outdir: Path, settings: LinkSettings = LinkSettings()
) -> LinkResult:
    """Link images into a folder per label.

    Labels are renamed by the label map, then priority rules apply in the order in which they are
    listed. Images that still have several labels are left out, or linked under each of them.
    Links are relative, and named after the file and a digest of its path, so that none collide.
    What the table tells of an image, such as its location, goes into `links.csv`. Beside the
    folders stand `links.csv`, `ledger.csv`, and `preparation.json` if the images were
    all preprocessed in the same way. Links of an earlier table that this one lacks are removed.

    Args:
        detections_path: a table with `filepath` and either columns `contains_<label>` or `label`.
        outdir: the folder to write to; files that this stage did not write are left alone.
        settings: how to choose among labels and what to write.

    Returns:
        The counts, the notes and the path of the table.

    Raises:
        MissingInputError: the table, the label map or the rules do not exist, or are empty.
        InputDataError: one of them can't be read, or no image is left to link.
        OutputConflictError: `outdir` was begun with other settings, is in use, or holds another
            file in a link's place.
        TooManyRejectedError: too many images were left out; the others are linked.
    """
    ledger, links, preparation = (
        outdir / name for name in (LEDGER_NAME, LINKS_NAME, PREPARATION_NAME)
    )
    read = [detections_path, settings.labelmap_path, settings.label_priority_path]
    check_outputs([ledger, links, preparation], [outdir], read)
    labelmap = read_labelmap(settings.labelmap_path) if settings.labelmap_path else {}
    rules = read_rules(settings.label_priority_path) if settings.label_priority_path else []
    given = read_labelled(detections_path)
    labelled = merge_labels(given, map_labels(given.labels, labelmap))
    choices = choose(labelled, rules, keep_unresolved=settings.keep_unresolved)
    memory = {**describe(settings), "labelmap": labelmap, "rules": [str(rule) for rule in rules]}
    with Workspace(outdir, NAME, memory, recipe=RECIPE) as workspace:
        _check_folders(labelled, outdir)
        linker = Linker(detections_path.parent, outdir, workspace.scratch, _making(settings))
        is_table_only = _making(settings) is Making.NOTHING
        folders = (detections_path.parent / folder for folder in choices.folders())
        common = None if is_table_only else common_preparation(folders)
        workspace.check_outputs([ledger, links, *([preparation] if common else [])], ledger)
        with ItemRun(workspace, ledger, [_links_table(links, choices.facts)]) as run:
            counts = run.complete(linker.items(choices, choices.labels), cores())
        _write_preparation(common, preparation, ledger, workspace)
    notes = (
        *_note_sizes(choices),
        *describe_labels(given, labelmap, rules),
        *run.notes,
    )
    if common is None and not is_table_only:
        notes = (*notes, "The images are not all preprocessed alike, or it isn't known how.")
    if counts.ok + counts.reused == 0:
        raise InputDataError(f"No image could be linked ({counts}): see {ledger}.")
    counts.check(settings.max_rejected, ledger)
    return LinkResult(NAME, counts, ledger, {"links": links}, notes, links=links)


def _check_folders(labelled: Labelled, outdir: Path) -> None:
    """Reject label folders that are links."""
    for name in map(label_to_folder, labelled.labels):
        if (outdir / name).is_symlink():
            raise OutputConflictError(
                f"{outdir / name} is a link to another folder, into which nothing is written: "
                "remove it, or choose another --outdir."
            )


def _links_table(path: Path, further: Sequence[str]) -> RowsTable:
    """Return the table of links: one row per link, several where an image has several labels.

    Args:
        path: of the table.
        further: the columns that the input has beside paths and labels.
    """

    def rows(outcome: Outcome) -> list[Sequence[str]]:
        extra = outcome.extra
        facts = [extra["facts"][name] for name in further]
        return [
            (extra["filepath"], label, link, *facts)
            for label, link in zip(extra["labels"], extra["links"], strict=True)
        ]

    return RowsTable(path, (*LINKS, *further), rows)


def _write_preparation(text: str | None, path: Path, ledger: Path, workspace: Workspace) -> None:
    """Write how the images were preprocessed, or remove what an earlier run wrote."""
    if text is None:
        workspace.remove(path)
    else:
        workspace.claim([path], ledger)
        files.write_text(path, text, workspace.scratch)


def _note_sizes(choices: Choices) -> tuple[str, ...]:
    sizes = sorted(choices.sizes().items())
    return (", ".join(f"{label} {number}" for label, number in sizes),)


def describe_labels(
    given: Labelled, labelmap: Mapping[str, str], rules: Sequence[Rule]
) -> tuple[str, ...]:
    """Return notes on the labels of a table: spellings, and what map and rules match.

    Args:
        given: images and their labels, before they are mapped.
        labelmap: what each label counts as.
        rules: the priority rules.
    """
    numbers = given.present.sum(axis=0)
    counts = {label: int(n) for label, n in zip(given.labels, numbers, strict=True)}
    return (
        *describe_merges(merge_spellings(given.labels), counts),
        *note_separators(given.labels),
        *note_labelmap(given.labels, labelmap, rules),
        *note_rules(map_labels(given.labels, labelmap), rules),
    )


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
