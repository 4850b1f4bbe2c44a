"""Values for a pipeline's parameters: from a file and from the command line.

The file is the one that `autofocus run` takes, with a section for each stage. A key becomes the
pipeline's parameter of the same name, but for these:

- `max_rejected` is named after the stage as well: `preprocess_max_rejected`. Any other key that
  several stages have, such as `extensions`, is one parameter for all, and stages must agree.
- `labelmap_path` and `label_priority_path` become the content of those files: `labelmap` and
  `label_priority`. A cluster can't read a file of this machine.

Keys may stand without a section too, as the pipeline names them. `shards: 4` is short for
`["0/4", "1/4", "2/4", "3/4"]`, and `shards: 2000` for 40 parts from `0-49/2000` on, which 40 pods
take; `pods: 10` divides them into as many parts. A section of a stage that the pipeline doesn't
have is left out, so that one file serves all pipelines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, SettingError
from autofocus.labels.labelmap import read_labelmap
from autofocus.labels.priority import read_rules
from autofocus.options import yaml_text
from autofocus.options.parameter_file import read_yaml
from autofocus.options.settings import normalise_keys, pairs_of, shown
from autofocus.retrain_settings import ALL_LAYERS
from autofocus.run import KEEP_RAW, LOCAL_DATA, OF_LABELLING, SECTIONS
from autofocus.runs.sharding import Shards
from components.stages import STAGES, component_of_section
from pipelines.interface import ParameterValue, PipelineInterface
from pipelines.names import parameter_name

# `clean` is handed two artifacts of each pod; a cluster can hand it those of 48 pods, and of fewer
# if inputs are rejected for many reasons in each (see `pipelines.sizes`).
MOST_PODS = 40
MOST_SHARDS = 1_000_000
PODS, SHARDS = "pods", "shards"


@dataclass
class ParameterValues:
    """Values for a pipeline's parameters, before they are checked against it.

    Attributes:
        values: by the parameter's name.
        left_out: sections of the file that are for stages that the pipeline doesn't have.
    """

    values: dict[str, ParameterValue] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def put(self, name: str, given: ParameterValue) -> None:
        """Add a value.

        Raises:
            SettingError: the parameter has another value already.
        """
        before = self.values.get(name)
        if before is not None and before.value != given.value:
            raise SettingError(
                f"{name} is given twice: {shown(before.value)} ({before.where}) "
                f"and {shown(given.value)} ({given.where})."
            )
        self.values[name] = given


def gather(
    path: Path | None, words: Sequence[str], interface: PipelineInterface
) -> ParameterValues:
    """Collect the values from a file and from the command line, which prevails.

    Args:
        path: the parameter file, if there is one.
        words: ``NAME=VALUE`` each, the value in YAML.
        interface: the pipeline that they are for.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: a file can't be read.
        SettingError: a key can't be used.
    """
    gathered = ParameterValues() if path is None else read_parameters(path, interface)
    on_line = ParameterValues()
    for word in words:
        name, given = _from_word(word)
        for key, value in _converted(name, given, Path()):
            on_line.put(key, value)
    gathered.values |= on_line.values
    divide_shards(gathered.values, interface)
    return gathered


def read_parameters(path: Path, interface: PipelineInterface) -> ParameterValues:
    """Read a parameter file for a pipeline; the number of shards remains a number.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is no YAML.
        SettingError: a key can't be used.
    """
    gathered = ParameterValues()
    for key, value in normalise_keys(read_yaml(path), str(path)).items():
        if key == LOCAL_DATA:
            raise SettingError(
                f"{path}: {LOCAL_DATA} is a folder of one machine; "
                "a pipeline takes its images from a bucket (download_images: bucket)."
            )
        if key == KEEP_RAW:
            # A pipeline keeps no original images in any case.
            continue
        if key == "export":
            # A pipeline has parameters for it.
            gathered.left_out.append(key)
        elif key in SECTIONS:
            _read_section(gathered, key, {} if value is None else value, path, interface)
        else:
            _put(gathered, key, ParameterValue(value, str(path)), path)
    return gathered


def _read_section(
    gathered: ParameterValues, section: str, values: Any, path: Path, interface: PipelineInterface
) -> None:
    where = f"{section} in {path}"
    if not isinstance(values, dict):
        raise SettingError(f"{where} must hold keys and values, not {shown(values)}.")
    stage = component_of_section(section)
    if not _has_stage(interface, stage):
        if values:
            gathered.left_out.append(section)
        return
    for option, value in normalise_keys(values, where).items():
        _check_known(option, stage, where, interface)
        _put(gathered, parameter_name(stage, option), ParameterValue(value, where), path)


def _has_stage(interface: PipelineInterface, stage: str) -> bool:
    """Return whether a pipeline runs a stage; one that has none of ours is taken to have all."""
    return stage in interface.stages or not interface.stages & STAGES.keys()


def _put(gathered: ParameterValues, name: str, given: ParameterValue, path: Path) -> None:
    for key, value in _converted(name, given, path.parent):
        gathered.put(key, value)


def _check_known(option: str, stage: str, where: str, interface: PipelineInterface) -> None:
    """Raise an error for an option that `autofocus run` has and this pipeline doesn't."""
    if option in _FROM_FILES:
        has_none = _FROM_FILES[option][0] not in interface.parameters
    else:
        name = parameter_name(stage, option)
        has_none = option in STAGES[stage].excluded or name not in interface.parameters
    if has_none and option in STAGES[stage].options():
        raise SettingError(
            f"{where}: {option} is an option for {_use_of(option)}; "
            f"the pipeline {interface.name} has no parameter for it, so leave it out."
        )


def _use_of(option: str) -> str:
    return "labelling" if option in OF_LABELLING else "work on one machine"


def _from_word(word: str) -> tuple[str, ParameterValue]:
    name, equals, text = word.partition("=")
    if not equals or not name:
        raise SettingError(f"--set: write NAME=VALUE, such as trim_bottom=0, not {shown(word)}.")
    try:
        value = yaml_text.parse(text, "--set") if text else ""
    except InputDataError:
        value = text
    return name.replace("-", "_"), ParameterValue(value, "--set", text)


def _converted(
    name: str, given: ParameterValue, folder: Path
) -> Iterator[tuple[str, ParameterValue]]:
    """Convert a value from the form of parameter files to the pipeline's."""
    if given.value is None:
        return
    if name in _FROM_FILES:
        name, read = _FROM_FILES[name]
        given = replace(given, value=read(_path(name, given, folder)), text=None)
    elif name == "columns" and isinstance(given.value, dict):
        given = replace(given, value=_pairs(name, given), text=None)
    elif name == "fine_tune_layers" and given.value == "all":
        # A parameter of a pipeline has one type.
        given = replace(given, value=ALL_LAYERS, text=None)
    elif name.endswith("node_selector"):
        _check_labels(name, given)
    yield name, given


def _pairs(name: str, given: ParameterValue) -> list[str]:
    try:
        return pairs_of(given.value)
    except TypeError as error:
        raise SettingError(f"{given.where}: {name} must be {error}.") from None


def _path(name: str, given: ParameterValue, folder: Path) -> Path:
    if not isinstance(given.value, str):
        raise SettingError(
            f"{given.where}: {name}'s file must be a path, not {shown(given.value)}."
        )
    return folder / given.value


def _read_priority(path: Path) -> list[str]:
    return [str(rule) for rule in read_rules(path)]


_FROM_FILES: Mapping[str, tuple[str, Callable[[Path], Any]]] = {
    "labelmap_path": ("labelmap", read_labelmap),
    "label_priority_path": ("label_priority", _read_priority),
}


def divide_shards(values: dict[str, ParameterValue], interface: PipelineInterface) -> None:
    """Replace the number of shards, and that of pods, by the list of what each pod takes."""
    pods = None if PODS in interface.parameters else values.pop(PODS, None)
    shards = values.get(SHARDS)
    number = None if shards is None else _whole(shards.value)
    if shards is not None and isinstance(shards.value, list):
        check_shards(shards.value, shards.where)
    if pods is not None and pods.value is not None and number is None:
        raise SettingError(
            f"{pods.where}: {PODS} divides a number of shards, and needs one, such as "
            f"{SHARDS}=2000."
        )
    if shards is not None and number is not None:
        if not 1 <= number <= MOST_SHARDS:
            raise SettingError(
                f"{shards.where}: {SHARDS} must be 1 to {MOST_SHARDS:,}, not {shown(number)}."
            )
        parts = Shards.divide(number, min(_pods(pods), number))
        values[SHARDS] = replace(shards, value=list(map(str, parts)), text=None)


def _pods(pods: ParameterValue | None) -> int:
    """Return the number of pods."""
    if pods is None or pods.value is None:
        return MOST_PODS
    number = _whole(pods.value)
    if number is None or not 1 <= number <= MOST_PODS:
        raise SettingError(
            f"{pods.where}: {PODS} must be a whole number of 1 to {MOST_PODS}, as one task is "
            f"handed the outputs of all, not {shown(pods.value)}."
        )
    return number


def _whole(value: Any) -> int | None:
    """Return a whole number, also if it is written 3.0; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def check_shards(parts: Sequence[Any], where: str) -> None:
    """Check the parts into which the images are divided.

    Args:
        parts: what each pod takes: texts such as ``0-49/2000``, or ``0/2`` for a single shard.
        where: who gave them, for messages.

    Raises:
        SettingError: there are none or too many, or they aren't all shards, each once.
    """
    if not parts:
        raise SettingError(f"{where}: shards is empty: nothing would be downloaded.")
    try:
        read = sorted(map(Shards.parse, map(str, parts)), key=lambda one: one.first)
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from None
    if len(read) > MOST_PODS:
        raise SettingError(
            f"{where}: shards must have at most {MOST_PODS} parts, not {len(read)}: let a pod "
            f"take several shards, as with {SHARDS}={read[0].of}."
        )
    whole = {one.of for one in read}
    if len(whole) > 1:
        raise SettingError(
            f"{where}: shards must be parts of one number, such as [0/2, 1/2], "
            f"not {shown(list(parts))}."
        )
    if read[0].of > MOST_SHARDS:
        raise SettingError(
            f"{where}: there can be at most {MOST_SHARDS:,} shards, not {read[0].of:,}."
        )
    _check_coverage(read, where)


def _check_coverage(read: Sequence[Shards], where: str) -> None:
    """Check that every shard is in one part."""
    of = read[0].of
    expected = 0
    for one in (*read, Shards(of, of, of)):
        if one.first < expected:
            raise SettingError(
                f"{where}: shards must not overlap: shard {one.first} of {of} is in two parts."
            )
        if one.first > expected:
            missing = Shards(expected, one.first - 1, of)
            raise SettingError(
                f"{where}: shards must be all of {of}, but {missing} is missing: for a part of "
                "the images, set sample or prefix."
            )
        expected = one.last + 1


def _check_labels(name: str, given: ParameterValue) -> None:
    """Fail if a label isn't text for YAML, which Kubernetes would reject during the run."""
    if not isinstance(given.value, dict):
        return
    for label, value in given.value.items():
        if not isinstance(value, str):
            raise SettingError(
                f"{given.where}: {name} must map labels to text: write {label}: "
                f'"{str(value).lower() if isinstance(value, bool) else value}", with quotes.'
            )
