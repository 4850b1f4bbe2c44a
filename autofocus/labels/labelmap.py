"""The label map: which class each label counts as, such as every other animal as `not_raccoon`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, MissingInputError
from autofocus.options.text_files import read_json
from autofocus.runs.spelling import fold_name, merge_spellings
from autofocus.runs.wording import shown
from autofocus.tables.cells import find_problem


def read_labelmap(path: Path) -> dict[str, str]:
    """Read a label map: a JSON object from label to label.

    Raises:
        MissingInputError: the file does not exist.
        InputDataError: it is not such an object, or has a label twice.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no label map {path} (--labelmap-path).")
    values = read_json(path, f"The label map {path}")
    if not isinstance(values, dict):
        raise InputDataError(f'The label map {path} must be an object: {{"label": "label", ...}}.')
    return check_labelmap(values, f"The label map {path}")


def check_labelmap(values: Mapping[Any, Any], name: str) -> dict[str, str]:
    """Return a label map without blanks around its labels.

    Args:
        values: what each label counts as.
        name: the name of the label map in messages.

    Raises:
        InputDataError: a label is not text, is mapped to nothing, or is mapped to two labels in
            two spellings.
    """
    seen: dict[str, str] = {}
    for label, mapped in values.items():
        if not isinstance(label, str):
            raise InputDataError(
                f"{name} names the label {_shown(label)}: it must be text, in quotes."
            )
        if not isinstance(mapped, str) or not fold_name(mapped):
            raise InputDataError(
                f"{name} maps {_shown(label)} to {_shown(mapped)}: it must map to a label."
            )
        for text in (label, mapped):
            if problem := find_problem(text):
                raise InputDataError(f"{name}: the label {_shown(text)} {problem}.")
        if seen.setdefault(fold_name(label), fold_name(mapped)) != fold_name(mapped):
            raise InputDataError(
                f"{name} maps {_shown(label)} to {_shown(mapped)} and, in another spelling, to "
                "another label."
            )
    return {label.strip(): mapped.strip() for label, mapped in values.items()}


def _shown(value: object) -> str:
    return shown(repr(value))


def map_labels(labels: list[str], labelmap: Mapping[str, str]) -> list[str]:
    """Return what each label counts as; a label that is not in the map stays the same.

    Labels match whatever their case, blanks and Unicode form, and what they count as is spelled
    in one way: as in the map, else as the label that comes first.
    """
    mapped = {fold_name(label): name for label, name in labelmap.items()}
    names = [mapped.get(fold_name(label), label) for label in labels]
    spellings = merge_spellings([*labelmap.values(), *names])
    return [spellings[name] for name in names]
