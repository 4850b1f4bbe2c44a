"""All stages in a row on one machine, from one file of parameters.

autofocus run --params sample_data/run.yaml --outdir results/
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from autofocus.audit import Audit, audit
from autofocus.clean_detections import CleanSettings, clean_detections
from autofocus.common.command import Argument, Command
from autofocus.common.errors import InputDataError, MissingInputError, SettingError, need
from autofocus.common.result import StageResult
from autofocus.common.settings import Kind, from_mapping
from autofocus.download_images import DownloadSettings, download_images
from autofocus.link_images_by_label import LinkSettings, link_images_by_label
from autofocus.predict import PredictSettings, predict
from autofocus.preprocess_images import PreprocessSettings, preprocess_images
from autofocus.retrain import RetrainResult, RetrainSettings, retrain
from autofocus.tables.columns import PROPERTIES_NAME

NAME = "run"


@dataclass(frozen=True)
class Section:
    """A stage's part of the parameter file.

    Attributes:
        settings: its settings dataclass.
        arguments: what else it takes.
        required: which of those must be given.
    """

    settings: type[Any]
    arguments: Mapping[str, Kind]
    required: tuple[str, ...] = ()


SECTIONS = {
    "download_images": Section(DownloadSettings, {"bucket": Kind(str)}, ("bucket",)),
    "preprocess_images": Section(PreprocessSettings, {"indir": Kind(str)}),
    "clean_detections": Section(
        CleanSettings, {"detections": Kind(str, many=True)}, ("detections",)
    ),
    "link_images_by_label": Section(LinkSettings, {}),
    "retrain": Section(RetrainSettings, {}),
    "predict": Section(PredictSettings, {}),
}
LOCAL_DATA = "local_data"


@dataclass(frozen=True)
class Parameters:
    """What a parameter file asks for.

    Attributes:
        arguments: each stage's arguments by name.
        settings: each stage's settings.
        local_data: a folder to take instead of a bucket.
    """

    arguments: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    local_data: Path | None


@dataclass(frozen=True)
class RunResult:
    """The account of a whole run.

    Attributes:
        stages: the result of each stage.
        account: the ledgers, counted.
    """

    stages: tuple[StageResult, ...]
    account: Audit

    def __str__(self) -> str:
        """Return what each stage says, then the account."""
        return "\n".join(
            [*map(str, self.stages), "", "the account of all inputs", str(self.account)]
        )

    @property
    def training(self) -> RetrainResult:
        """The result of `retrain`."""
        return next(result for result in self.stages if isinstance(result, RetrainResult))


def read_parameters(path: Path) -> Parameters:
    """Read a parameter file: YAML with a section for each stage.

    Paths to label map and rules are relative to the file's own folder.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is no YAML.
        SettingError: a key is unknown, missing or of the wrong kind.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no file {path} (--params).")
    values = _read_yaml(path)
    known = [*SECTIONS, LOCAL_DATA]
    for key in values:
        if key not in known:
            raise SettingError(f"{path}: unknown key {key!r}; known are {', '.join(known)}.")
    local_data = values.pop(LOCAL_DATA, None)
    arguments: dict[str, Mapping[str, Any]] = {}
    settings: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        if name == "download_images" and local_data is not None:
            continue
        arguments[name], settings[name] = _read_section(
            name, section, values.get(name) or {}, path
        )
    return Parameters(
        arguments, settings, _beside(path, Path(str(local_data))) if local_data else None
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    yaml = need("yaml", "run")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputDataError(f"{path} is no YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(values, dict):
        raise InputDataError(f"{path} must hold a section for each stage, such as retrain:.")
    return values


def _read_section(
    name: str, section: Section, values: object, path: Path
) -> tuple[dict[str, Any], Any]:
    where = f"{name} in {path}"
    if not isinstance(values, dict):
        raise SettingError(f"{where} must hold keys and values, not {values!r}.")
    given = {str(key).replace("-", "_"): value for key, value in values.items()}
    arguments = {}
    for key, kind in section.arguments.items():
        if key in given:
            try:
                arguments[key] = kind.accept(given.pop(key))
            except TypeError as error:
                raise SettingError(f"{where}: {key} must be {error}.") from None
        elif key in section.required:
            raise SettingError(f"{where}: {key} is missing.")
    settings = from_mapping(section.settings, given, where, also=tuple(section.arguments))
    return arguments, _with_paths_beside(settings, path)


def _with_paths_beside(settings: Any, parameters: Path) -> Any:
    """Take relative paths in a parameter file as relative to that file."""
    paths = {field.name: getattr(settings, field.name) for field in fields(settings)}
    moved = {
        name: _beside(parameters, value)
        for name, value in paths.items()
        if isinstance(value, Path)
    }
    return replace(settings, **moved)


def _beside(parameters: Path, path: Path) -> Path:
    return path if path.is_absolute() else parameters.parent / path


def run(params: Path, outdir: Path) -> RunResult:
    """Run all stages in a row.

    Writes `data`, `preprocessed`, `detections_clean.csv`, `links`, `model` (with the report) and
    `predictions.csv` into the folder. It may be stopped at any moment; started again it does what
    is left.

    Args:
        params: a YAML file with a section for each stage.
        outdir: the folder to write to.

    Raises:
        AutofocusError: of the stage that could not go on, or of the parameter file.
    """
    parameters = read_parameters(params)
    row = _Row(parameters, outdir)
    steps: list[tuple[str, Callable[[], StageResult]]] = [
        ("download_images", row.download),
        ("preprocess_images", row.preprocess),
        ("clean_detections", row.clean),
        ("link_images_by_label", row.link),
        ("retrain", row.retrain),
        ("predict", row.predict),
    ]
    steps = [step for step in steps if step[0] in parameters.settings]
    results = []
    for number, (name, step) in enumerate(steps, 1):
        print(f"[{number}/{len(steps)}] {name}", file=sys.stderr, flush=True)
        results.append(step())
    return RunResult(tuple(results), audit(outdir))


@dataclass(frozen=True)
class _Row:
    """The stages, each fed by the one before it."""

    parameters: Parameters
    outdir: Path

    @property
    def _data(self) -> Path:
        return self.parameters.local_data or self.outdir / "data"

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
        return self._call("download_images", download_images, local_folder=self._data)

    def preprocess(self) -> StageResult:
        indir = self._data / self.parameters.arguments["preprocess_images"].get("indir", "")
        settings = self.parameters.settings["preprocess_images"]
        return preprocess_images(indir, self._preprocessed, settings)

    def clean(self) -> StageResult:
        patterns = self.parameters.arguments["clean_detections"]["detections"]
        return clean_detections(
            [path for pattern in patterns for path in self._tables(pattern)],
            self._preprocessed,
            self._preprocessed / PROPERTIES_NAME,
            self._clean_table,
            self.parameters.settings["clean_detections"],
        )

    def _tables(self, pattern: str) -> list[Path]:
        found = sorted(self._data.glob(pattern))
        if not found:
            raise MissingInputError(
                f"No table in {self._data} is named {pattern} (detections of clean_detections)."
            )
        return found

    def link(self) -> StageResult:
        return self._call(
            "link_images_by_label",
            link_images_by_label,
            detections_path=self._clean_table,
            outdir=self._links,
        )

    def retrain(self) -> StageResult:
        return self._call("retrain", retrain, image_dir=self._links, saved_model_dir=self._model)

    def predict(self) -> StageResult:
        return self._call(
            "predict",
            predict,
            saved_model_dir=self._model,
            indir=self._preprocessed,
            outpath=self.outdir / "predictions.csv",
        )

    def _call(self, name: str, stage: Callable[..., StageResult], **paths: Path) -> StageResult:
        arguments = self.parameters.arguments[name]
        return stage(**paths, **arguments, settings=self.parameters.settings[name])


COMMAND = Command(
    name=NAME,
    summary="Run all stages in a row, from one file of parameters.",
    example="autofocus run --params sample_data/run.yaml --outdir results/",
    function=run,
    arguments=(
        Argument("params", "a YAML file with a section for each stage"),
        Argument("outdir", "the folder to write to"),
    ),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
