"""From the outputs of a local run to a folder laid out as by `autofocus run`."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from autofocus.runs.ledger import LEDGER_NAME
from autofocus.tables.columns import LINKS_NAME, PROPERTIES_NAME
from autofocus.tables.merging import merge_tables
from pipelines.completeness import CompletedTask

# Where each output goes; those of a fan-out are merged.
PLACES = {
    ("download", "ledger"): f"data/{LEDGER_NAME}",
    ("preprocess", "ledger"): f"preprocessed/{LEDGER_NAME}",
    ("ingest", "download_ledger"): f"data/{LEDGER_NAME}",
    ("ingest", "ledger"): f"preprocessed/{LEDGER_NAME}",
    ("clean", "all_image_properties"): f"preprocessed/{PROPERTIES_NAME}",
    ("clean", "detections_clean"): "detections_clean.csv",
    ("clean", "ledger"): f"detections_clean.{LEDGER_NAME}",
    ("link", "links"): f"links/{LINKS_NAME}",
    ("link", "ledger"): f"links/{LEDGER_NAME}",
    ("retrain", "model"): "model",
    ("fine_tune", "model"): "model",
    ("predict", "ledger"): f"labels.{LEDGER_NAME}",
    ("publish", "labels"): "labels.csv",
    ("publish", "ledger"): f"published.{LEDGER_NAME}",
}
KEY = "input"


def collect(done: Sequence[CompletedTask], outdir: Path) -> list[Path]:
    """Copy the outputs of a run that are of use to people.

    Args:
        done: the tasks of the run.
        outdir: the folder to write to.

    Returns:
        The paths of the copies.
    """
    written = []
    for (component, output), place in PLACES.items():
        paths = [task.outputs[output].path for task in done if task.component == component]
        if not paths:
            continue
        final = outdir / place
        if len(paths) > 1:
            merge_tables(paths, final, KEY)
        else:
            _copy(paths[0], final)
        written.append(final)
    return written


def _copy(source: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished = final.with_name(f".{final.name}.unfinished")
    if source.is_dir():
        shutil.rmtree(unfinished, ignore_errors=True)
        # Not the times of its files: the audit lists stages in the order of their ledgers.
        shutil.copytree(source, unfinished, copy_function=shutil.copyfile)
        shutil.rmtree(final, ignore_errors=True)
    else:
        shutil.copyfile(source, unfinished)
    unfinished.replace(final)
