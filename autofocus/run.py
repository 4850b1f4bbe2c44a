"""All stages in sequence on one machine, from one parameter file.

autofocus run --params sample_data/run.yaml --outdir results/
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from autofocus.audit import Audit, audit
from autofocus.checking.check import check_run
from autofocus.checking.data import detection_tables
from autofocus.checking.report import Level, Report
from autofocus.clean_detections import clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.export import export
from autofocus.exporting.settings import ExportSettings, RunExportSettings
from autofocus.images.unkept import are_kept
from autofocus.ingest_images import NAME as INGEST
from autofocus.ingest_images import ingest_bucket
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from autofocus.options.parameter_file import ParameterFile, Section, read_parameter_file
from autofocus.options.settings import Kind, require
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.redaction import without_secrets
from autofocus.retrain import retrain
from autofocus.retrain_result import RetrainResult
from autofocus.retrain_settings import RetrainSettings
from autofocus.run_settings import COMMAND, RunSettings
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.runs.memory import RunMemory
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.workspace import HIDDEN, locked
from autofocus.tables.columns import LOCATION, PROPERTIES_NAME
from autofocus.tables.deployments import read_deployments

NAME = "run"
# A folder that holds the data, in place of a bucket.
LOCAL_DATA = "local_data"
# A table of deployments, for the export.
DEPLOYMENTS = "deployments"
# Whether the original images are kept on the disk.
KEEP_RAW = "keep_raw"
# Options of the download for images that are to be labelled: a training needs all.
OF_LABELLING = ("only_new", "min_age")
SECTIONS = {
    "download_images": Section(
        DownloadSettings, {"bucket": Kind(str)}, required=("bucket",), replaced_by=LOCAL_DATA
    ),
    "preprocess_images": Section(PreprocessSettings, {"indir": Kind(str)}),
    "clean_detections": Section(
        CleanSettings, {"detections": Kind(str, many=True)}, required=("detections",)
    ),
    "link_images_by_label": Section(LinkSettings),
    "retrain": Section(RetrainSettings),
    "predict": Section(PredictSettings),
    "export": Section(RunExportSettings),
}


@dataclass(frozen=True)
class RunResult:
    """The result of a whole run.

    Attributes:
        stages: the result of each stage.
        summary: the counts of all ledgers.
    """

    stages: tuple[StageResult, ...]
    summary: Audit

    def __str__(self) -> str:
        """Return the result of each stage, then the summary."""
        return "\n".join(
            [*map(str, self.stages), "", "all inputs, stage by stage", str(self.summary)]
        )

    @property
    def training(self) -> RetrainResult:
        """The result of `retrain`."""
        return next(result for result in self.stages if isinstance(result, RetrainResult))


def read_parameters(path: Path) -> ParameterFile:
    """Read the parameter file of a run; see `options.parameter_file.read_parameter_file`.

    Raises:
        SettingError: it also has an option that is for labelling alone.
    """
    values = {LOCAL_DATA: Kind(Path), DEPLOYMENTS: Kind(Path), KEEP_RAW: Kind(bool)}
    parameters = read_parameter_file(path, SECTIONS, values)
    require(
        parameters.values.get(KEEP_RAW, True) or LOCAL_DATA not in parameters.values,
        f"{KEEP_RAW} in {path}: images in {LOCAL_DATA} are never removed: leave it out.",
    )
    download = parameters.settings.get("download_images")
    for name in OF_LABELLING:
        require(
            not getattr(download, name, False),
            f"download_images in {path}: {name} is for labelling, as a run would train on new "
            "images alone: leave it out.",
        )
    return parameters


def run(params: Path, outdir: Path) -> RunResult:
    """Run all stages in sequence.

    Writes `data`, `preprocessed`, `detections_clean.csv`, `links`, `model` (with the report) and
    `predictions.csv` into the folder, and `export` if formats are given. It may be stopped at any
    moment; started again it does what is left. It begins with the checks of `check`.

    Args:
        params: a YAML file with a section for each stage.
        outdir: the folder to write to.

    Raises:
        OutputConflictError: another run is writing to the folder.
        AutofocusError: of the stage that failed, of a check, or of the parameter file.
    """
    check_outputs(folders=[outdir])
    parameters = read_parameters(params)
    stages = Stages(parameters, outdir)
    stages.check_export()
    folder = outdir / HIDDEN / NAME
    if folder.is_dir():
        with locked(folder, outdir):
            pass  # fail at once if another run is at work
    report = check_run(parameters, stages.local_data, outdir, keeps_raw=stages.keeps_raw)
    for finding in report.of(Level.WARNING, Level.ERROR):
        print(without_secrets(str(finding)), file=sys.stderr, flush=True)
    report.check()
    return _run_stages(parameters, stages, outdir)


def check(params: Path, outdir: Path) -> Report:
    """Check what can be known before a run, and write nothing; see `checking.check.check_run`.

    Args:
        params: a YAML file with a section for each stage.
        outdir: the folder that the run would write to.

    Raises:
        SettingError: the parameter file has an unknown key, or a value can't be used.
    """
    parameters = read_parameters(params)
    stages = Stages(parameters, outdir)
    stages.check_export()
    return check_run(parameters, stages.local_data, outdir, keeps_raw=stages.keeps_raw)


def run_or_check(params: Path, outdir: Path, settings: RunSettings) -> RunResult | Report:
    """Run all stages, or only check what can be known before.

    Raises:
        AutofocusError: see `run` and `check`.
    """
    if not settings.check:
        return run(params, outdir)
    report = check(params, outdir)
    if report.of(Level.ERROR):
        print(without_secrets(str(report)))
    report.check()
    return report


def _run_stages(parameters: ParameterFile, stages: "Stages", outdir: Path) -> RunResult:
    steps: list[tuple[str, Callable[[], StageResult]]] = [
        ("download_images", stages.download),
        ("preprocess_images", stages.preprocess),
        ("clean_detections", stages.clean),
        ("link_images_by_label", stages.link),
        ("retrain", stages.retrain),
        ("predict", stages.predict),
    ]
    steps = [step for step in steps if step[0] in parameters.settings]
    if stages.export_settings is not None:
        steps.append(("export", stages.export))
    results: list[StageResult] = []
    first = 1
    with RunMemory.of(outdir, NAME) as memory:
        if not stages.keeps_raw:
            _announce(f"1-2/{len(steps)}", INGEST)
            results += stages.ingest(memory)
            first = 3
        for number, (name, step) in enumerate(steps[first - 1 :], first):
            _announce(f"{number}/{len(steps)}", name)
            with memory.stage(name):
                results.append(step())
    return RunResult(tuple(results), audit(outdir))


def _announce(number: str, name: str) -> None:
    print(f"[{number}] {name}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Stages:
    """The stages, each with the outputs of the one before it."""

    parameters: ParameterFile
    outdir: Path

    @property
    def _data(self) -> Path:
        return self.parameters.values.get(LOCAL_DATA) or self.outdir / "data"

    @property
    def local_data(self) -> Path | None:
        """The folder of the data if they are on this machine, or downloaded already."""
        is_here = LOCAL_DATA in self.parameters.values or (
            self.keeps_raw and is_downloaded(self._data)
        )
        return self._data if is_here else None

    @property
    def keeps_raw(self) -> bool:
        """Whether the original images are files in the folder of the data."""
        return bool(self.parameters.values.get(KEEP_RAW, True))

    @property
    def _preprocessed(self) -> Path:
        return self.outdir / "preprocessed"

    @property
    def _clean_table(self) -> Path:
        return self.outdir / "detections_clean.csv"

    @property
    def _links(self) -> Path:
        return self.outdir / "links"

    @property
    def _model(self) -> Path:
        return self.outdir / "model"

    def download(self) -> StageResult:
        """Download images and tables."""
        return self._call("download_images", download_images, local_folder=self._data)

    def preprocess(self) -> StageResult:
        """Crop and resize the images."""
        indir = self._data / self.parameters.arguments["preprocess_images"].get("indir", "")
        settings = self.parameters.settings["preprocess_images"]
        return preprocess_images(indir, self._preprocessed, settings)

    def ingest(self, memory: RunMemory) -> tuple[StageResult, ...]:
        """Download tables, and crop and resize the images as they arrive."""
        settings = self.parameters.settings
        bucket = self.parameters.arguments["download_images"]["bucket"]
        indir = self.parameters.arguments["preprocess_images"].get("indir", "")
        ingested = ingest_bucket(
            bucket,
            self._data,
            self._preprocessed,
            settings["download_images"],
            settings["preprocess_images"],
            indir,
            memory.stage,
        )
        return ingested.stages

    def clean(self) -> StageResult:
        """Join the detections to the images."""
        patterns = self.parameters.arguments["clean_detections"]["detections"]
        return clean_detections(
            detection_tables(self._data, patterns),
            self._preprocessed,
            self._preprocessed / PROPERTIES_NAME,
            self._clean_table,
            self.parameters.settings["clean_detections"],
        )

    def link(self) -> StageResult:
        """Link each image under its label."""
        return self._call(
            "link_images_by_label",
            link_images_by_label,
            detections_path=self._clean_table,
            outdir=self._links,
        )

    def retrain(self) -> StageResult:
        """Train a model."""
        return self._call("retrain", retrain, image_dir=self._links, saved_model_dir=self._model)

    def predict(self) -> StageResult:
        """Label the images."""
        settings: PredictSettings = self.parameters.settings["predict"]
        if settings.locations is None and _tells_locations(self._clean_table):
            settings = replace(settings, locations=self._clean_table)
        outpath = self.outdir / "predictions.csv"
        return predict(self._model, self._preprocessed, outpath, settings)

    @property
    def export_settings(self) -> ExportSettings | None:
        """The settings of the export; None if no format is asked for."""
        settings: RunExportSettings = self.parameters.settings["export"]
        if not settings.formats:
            return None
        indir = self.parameters.arguments["preprocess_images"].get("indir", "")
        return settings.complete(self._data / indir, self.parameters.values.get(DEPLOYMENTS))

    def check_export(self) -> None:
        """Check early what the export needs at the end.

        Raises:
            SettingError: a format lacks something, such as the original images.
            MissingInputError: the table of deployments does not exist.
            InputDataError: it can't be read.
        """
        settings = self.export_settings
        given: RunExportSettings = self.parameters.settings["export"]
        require(
            self.keeps_raw or "folders" not in given.formats or given.images is not None,
            f"The format folders links to the original images, which {KEEP_RAW}: false does not "
            f"keep: leave the format out, or set {KEEP_RAW}: true.",
        )
        if settings is not None and settings.deployments is not None:
            read_deployments(settings.deployments)

    def export(self) -> StageResult:
        """Write the predictions in the formats that were asked for."""
        settings = self.export_settings or ExportSettings()
        return export(self.outdir / "predictions.csv", self.outdir / "export", settings)

    def _call(self, name: str, stage: Callable[..., StageResult], **paths: Path) -> StageResult:
        arguments = self.parameters.arguments[name]
        return stage(**paths, **arguments, settings=self.parameters.settings[name])


def is_downloaded(folder: Path) -> bool:
    """Return whether a bucket was downloaded into a folder, original images included."""
    return (folder / LEDGER_NAME).is_file() and are_kept(folder)


def _tells_locations(table: Path) -> bool:
    if not table.is_file():
        return False
    with CsvReader(table) as reader:
        return LOCATION in reader.columns


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
