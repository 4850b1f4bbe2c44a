"""All checks of a run, one after the other."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from autofocus.checking import machine
from autofocus.checking.data import Data, find_local_data, find_stored_data
from autofocus.checking.locations import check_locations, check_sequences
from autofocus.checking.report import Report
from autofocus.checking.tables import Trial, check_labels, check_tables
from autofocus.options.parameter_file import ParameterFile


def check_run(
    parameters: ParameterFile, local_data: Path | None, outdir: Path, *, keeps_raw: bool = True
) -> Report:
    """Check what can be known before a run begins.

    With a bucket that is not downloaded yet, its keys are listed and its detection tables are
    fetched into a temporary folder. Nothing else is written.

    Args:
        parameters: the parameters of the run.
        local_data: the folder of the data; None for the bucket.
        outdir: the folder that the run writes to.
        keeps_raw: whether original images are downloaded to files.

    Returns:
        The findings; an error is one that would end the run.
    """
    report, settings = Report(), parameters.settings
    has_packages = machine.check_packages(settings, report)
    machine.check_files(settings, report)
    if has_packages:
        _check_data(parameters, local_data, outdir, report, keeps_raw=keeps_raw)
    machine.check_mlflow(report)
    return report


def _check_data(
    parameters: ParameterFile,
    local_data: Path | None,
    outdir: Path,
    report: Report,
    *,
    keeps_raw: bool,
) -> None:
    settings = parameters.settings
    with tempfile.TemporaryDirectory(prefix="autofocus-check-") as folder:
        scratch = Path(folder)
        data = _find_data(parameters, local_data, outdir, scratch / "data", report)
        trial = Trial()
        if data is not None:
            trial = check_tables(data, settings["clean_detections"], scratch, report)
        check_labels(trial.labelled, settings["link_images_by_label"], report)
    if data is not None and data.names:
        _check_patterns(data, trial, settings, report)
        if not keeps_raw:
            data = replace(data, download_bytes=data.other_bytes)
        machine.check_disk(data, outdir, settings["preprocess_images"].min_side, report)


def _find_data(
    parameters: ParameterFile, local_data: Path | None, outdir: Path, scratch: Path, report: Report
) -> Data | None:
    indir = parameters.arguments["preprocess_images"].get("indir", "")
    patterns = parameters.arguments["clean_detections"]["detections"]
    preprocess = parameters.settings["preprocess_images"]
    if local_data is not None:
        machine.check_folders(local_data / indir, outdir, report)
        return find_local_data(local_data, indir, patterns, preprocess, report)
    return find_stored_data(
        parameters.arguments["download_images"]["bucket"],
        indir,
        patterns,
        (parameters.settings["download_images"], preprocess),
        scratch,
        report,
        local_folder=outdir / "data",
    )


def _check_patterns(data: Data, trial: Trial, settings: Mapping[str, Any], report: Report) -> None:
    """Check the patterns; stages that have the same one for locations are reported once."""
    stages: dict[str, list[str]] = {}
    for stage in ("preprocess_images", "retrain"):
        stages.setdefault(settings[stage].location_pattern, []).append(stage)
    for text, names in stages.items():
        subject = "locations" if len(stages) == 1 else f"locations ({' and '.join(names)})"
        check_locations(text, data.names, trial.located, subject, report)
    pattern = settings["retrain"].sequence_pattern
    check_sequences(pattern, data.names, trial.in_sequence, report)
