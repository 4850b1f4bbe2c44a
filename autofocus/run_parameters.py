"""The file of parameters for a run of all stages: YAML with a section for each stage."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from autofocus.clean_detections import CleanSettings
from autofocus.download_images import DownloadSettings
from autofocus.errors import InputDataError, MissingInputError, SettingError, need
from autofocus.link_images_by_label import LinkSettings
from autofocus.options.settings import Kind, from_mapping
from autofocus.predict import PredictSettings
from autofocus.preprocess_images import PreprocessSettings
from autofocus.retrain_settings import RetrainSettings


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
