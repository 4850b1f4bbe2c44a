"""Checks of a run's values before anything is started, as the stages would check them.

A wrong value would end a task minutes or hours after the run began. So for each stage that a
pipeline runs, its settings are made here as its component makes them, and what the components
pass on in other forms, such as the label map, is checked by the same readers.
"""

import functools
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from autofocus.containers.places import check_progress
from autofocus.errors import AutofocusError, MissingInputError, SettingError
from autofocus.labels.labelmap import check_labelmap
from autofocus.labels.priority import parse_rules
from autofocus.options.settings import from_mapping, shown
from autofocus.tables.detections import find_tables
from autofocus.tracking.model_address import SCHEME, ModelAddress
from components.stages import STAGES
from pipelines.interface import ParameterValue, PipelineInterface
from pipelines.names import parameter_name
from pipelines.parameters import check_shards
from pipelines.quantities import complete_resources
from pipelines.sizes import check_sizes

# As Kubernetes defines the names of objects, the names of resources, and the values of labels.
_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_RESOURCE = re.compile(r"[a-z0-9][-a-z0-9.]*/[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
_LABEL = re.compile(r"([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


def check_values(
    documents: list[Any], interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> dict[str, Any]:
    """Check all that was given for a run.

    Args:
        documents: the compiled pipeline's documents.
        interface: the interface of the pipeline.
        values: the given values by parameter.

    Returns:
        The values to start the run with.

    Raises:
        SettingError: a value can't be used, or a cluster can't hand it to a task.
    """
    completed = complete_resources(interface, values)
    accepted = interface.check(completed)
    check_settings(interface, completed)
    check_sizes(documents, interface, accepted)
    return accepted


def check_settings(interface: PipelineInterface, values: Mapping[str, ParameterValue]) -> None:
    """Check values by the settings of the pipeline's stages.

    Args:
        interface: the pipeline.
        values: the given values by parameter.

    Raises:
        SettingError: a stage would reject a value, or values together.
    """
    run = _Run.of(interface, values)
    for stage in STAGES:
        if stage in interface.stages:
            _check_stage(run, stage)
    for name, check in _CHECKS.items():
        if name in run.values:
            check(run, name)


@dataclass(frozen=True)
class _Run:
    """The values of a run.

    Attributes:
        interface: the pipeline.
        given: the given values by parameter.
        values: the same as the pipeline takes it, and the defaults of all other parameters.
    """

    interface: PipelineInterface
    given: Mapping[str, ParameterValue]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, interface: PipelineInterface, values: Mapping[str, ParameterValue]) -> "_Run":
        known = interface.parameters
        given = {
            name: one for name, one in values.items() if name in known and one.value is not None
        }
        defaults = {name: one.default for name, one in known.items() if one.default is not None}
        accepted = {name: known[name].accept(one) for name, one in given.items()}
        return cls(interface, given, defaults | accepted)

    def where(self, names: Iterable[str]) -> str:
        """Return the sources of these parameters; the pipeline's file if all are its defaults."""
        sources = [self.given[name].where for name in names if name in self.given]
        return " and ".join(dict.fromkeys(sources)) or str(self.interface.path)

    def require(self, condition: bool, name: str, sentence: str) -> None:
        """Raise an error that names the source of this parameter, unless the condition holds."""
        if not condition:
            raise SettingError(f"{self.where([name])}: {name} {sentence}")


def _check_stage(run: _Run, stage: str) -> None:
    known = STAGES[stage].kinds()
    names = {option: parameter_name(stage, option) for option in known}
    values = {
        option: run.values[name]
        for option, name in names.items()
        # An empty text stands for an optional setting that isn't given.
        if name in run.values and not (run.values[name] == "" and known[option].optional)
    }
    try:
        from_mapping(STAGES[stage].settings, values, stage)
    except SettingError as error:
        sentence = str(error).removeprefix(f"{stage}: ")
        raise _named(run, names, sentence) from None


def _named(run: _Run, names: Mapping[str, str], sentence: str) -> SettingError:
    """Return a stage's error with the names of parameters in place of those of options."""
    mentioned = [option for option in names if re.search(rf"\b{option}\b", sentence)]
    for option in mentioned:
        sentence = re.sub(rf"\b{option}\b", names[option], sentence)
    given = [names[option] for option in mentioned if names[option] in run.given]
    return SettingError(f"{run.where(given or names.values())}: {sentence}")


def _check_bucket(run: _Run, name: str) -> None:
    bucket = run.values[name]
    is_name = bool(bucket.strip()) and "/" not in bucket
    run.require(is_name, name, f"must be the name alone, without s3:// or /, not {shown(bucket)}.")


def _check_folder(run: _Run, name: str) -> None:
    folder = PurePosixPath(run.values[name])
    run.require(
        not folder.is_absolute() and ".." not in folder.parts,
        name,
        "must name a folder below the bucket's root, such as images/2016, not "
        f"{shown(run.values[name])}.",
    )


def _check_shards(run: _Run, name: str) -> None:
    check_shards(run.values[name], run.where([name]))


def _check_labelmap(run: _Run, name: str) -> None:
    _check(run, name, lambda: check_labelmap(run.values[name], name))


def _check_rules(run: _Run, name: str) -> None:
    # As the component does it: it writes them into a file, unless there is none.
    if rules := run.values[name]:
        _check(run, name, lambda: parse_rules("\n".join(map(str, rules)), name))


def _check_tables(run: _Run, name: str) -> None:
    patterns = run.values[name]
    are_texts = all(isinstance(pattern, str) for pattern in patterns)
    run.require(
        bool(patterns) and are_texts,
        name,
        f"must be a list of names such as lpz_data/detections_*.csv, not {shown(patterns)}.",
    )
    with tempfile.TemporaryDirectory() as empty:
        for pattern in patterns:
            _check(run, name, functools.partial(_find_none, Path(empty), pattern))


def _find_none(folder: Path, pattern: str) -> None:
    """Look for tables where there are none, which says whether the pattern can be used."""
    try:
        find_tables(folder, [pattern])
    except MissingInputError:
        return


def _check(run: _Run, name: str, check: Callable[[], object]) -> None:
    """Call a check of the stages, and name the source of the value if it fails."""
    try:
        check()
    except AutofocusError as error:
        raise SettingError(f"{run.where([name])}: {error}") from None


def _check_progress(run: _Run, name: str) -> None:
    _check(run, name, lambda: check_progress(run.values[name]))


def _check_model(run: _Run, name: str) -> None:
    model = run.values[name]
    run.require(
        not model.startswith(SCHEME),
        name,
        f"is {shown(model)}, a registered model: use the pipeline label-registered.yaml instead, "
        f"with registered_model={model.removeprefix(SCHEME)}.",
    )
    run.require(
        "://" in model or model.startswith("/"),
        name,
        "must be where the model is, such as s3://bucket/pipelines/.../model, not "
        f"{shown(model)}.",
    )


def _check_registered(run: _Run, name: str) -> None:
    _check(run, name, lambda: ModelAddress.parse(run.values[name], name))
    uri = "mlflow_tracking_uri"
    run.require("://" in run.values.get(uri, ""), uri, "must be the address of MLflow's server.")


def _must_match(pattern: "re.Pattern[str]", what: str) -> Callable[[_Run, str], None]:
    """Return a check that a value has a form.

    Args:
        pattern: the form.
        what: the name of the form, for the message.
    """

    def check(run: _Run, name: str) -> None:
        text = str(run.values[name])
        run.require(
            pattern.fullmatch(text) is not None, name, f"must be {what}, not {shown(text)}."
        )

    return check


def _check_selector(run: _Run, name: str) -> None:
    for label, value in run.values[name].items():
        run.require(
            isinstance(value, str) and _LABEL.fullmatch(value) is not None,
            name,
            f"must map labels to values of up to 63 letters, digits, -, _ and ., unlike "
            f"{shown(label)}: {shown(value)}.",
        )


_CHECKS: Mapping[str, Callable[[_Run, str], None]] = {
    "bucket": _check_bucket,
    "indir": _check_folder,
    "shards": _check_shards,
    "detections": _check_tables,
    "labelmap": _check_labelmap,
    "label_priority": _check_rules,
    "model_uri": _check_model,
    "registered_model": _check_registered,
    "progress": _check_progress,
    "s3_secret": _must_match(_OBJECT, "a secret's name, of small letters, digits, - and ."),
    "mlflow_secret": _must_match(_OBJECT, "a secret's name, of small letters, digits, - and ."),
    "accelerator_type": _must_match(_RESOURCE, "a resource of nodes such as nvidia.com/gpu"),
    "accelerator_count": _must_match(_COUNT, "a whole number of 0 or more"),
    "gpu_node_selector": _check_selector,
}
