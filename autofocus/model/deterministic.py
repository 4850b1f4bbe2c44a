"""SavedModels with equal bytes for equal models.

TensorFlow numbers functions by how many a process has made before, which differs between a
training that was interrupted and one that was not, and gives every file a random identifier.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autofocus.features.runtime import tensorflow

GRAPH_NAME, FINGERPRINT_NAME = "saved_model.pb", "fingerprint.pb"
_GIVEN_NAME = "_user_specified_name"
_NUMBERED = re.compile(r"(.*)_(\d+)")
# TensorFlow's identifiers are decimal numbers of up to 128 bits.
_ID_DIGITS = 32


def make_deterministic(folder: Path) -> None:
    """Rewrite the graph and the fingerprint of a SavedModel without what differs by chance.

    Functions are numbered from 0 in the order in which they were made, and the identifier is
    derived from the graph. The model computes the same.

    Args:
        folder: the SavedModel, as TensorFlow wrote it.
    """
    tensorflow()
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = folder / GRAPH_NAME
    model = SavedModel.FromString(path.read_bytes())
    for graph in model.meta_graphs:
        functions = graph.graph_def.library.function
        _rename(graph, _new_names([function.signature.name for function in functions]))
        functions.sort(key=lambda function: function.signature.name)
        for function in functions:
            _number_captures(function)
    content = model.SerializeToString(deterministic=True)
    path.write_bytes(content)
    if (folder / FINGERPRINT_NAME).is_file():
        _write_fingerprint(folder, hashlib.sha256(content).hexdigest())


def _number_captures(function: Any) -> None:
    """Name the captured variables of a function by their places, not by numbers of the process."""
    for place, arguments in function.arg_attr.items():
        name = arguments.attr.get(_GIVEN_NAME)
        if name is not None and name.s.isdigit():
            name.s = str(place).encode()


def _new_names(names: list[str]) -> dict[str, str]:
    """Return the new name of each function whose name ends in a number."""
    numbered = [match for name in names if (match := _NUMBERED.fullmatch(name))]
    numbered.sort(key=lambda match: (int(match[2]), match[1]))
    return {match[0]: f"{match[1]}_{number}" for number, match in enumerate(numbered)}


def _rename(message: Any, names: Mapping[str, str]) -> None:
    """Replace names of functions in all texts of a message, and in the keys of its maps."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            if field.message_type.GetOptions().map_entry:
                _rename_map(value, names)
            else:
                for one in _all(value):
                    _rename(one, names)
        elif field.type in (field.TYPE_STRING, field.TYPE_BYTES):
            _rename_texts(message, field, value, names)


def _all(value: Any) -> Any:
    """Return the messages of a field, whether or not it is repeated."""
    return [value] if hasattr(value, "ListFields") else value


def _rename_map(value: Any, names: Mapping[str, str]) -> None:
    if not value:
        return
    if hasattr(next(iter(value.values())), "ListFields"):
        _rename_map_of_messages(value, names)
        return
    renamed = {names.get(key, key): names.get(one, one) for key, one in value.items()}
    value.clear()
    value.update(renamed)


def _rename_map_of_messages(value: Any, names: Mapping[str, str]) -> None:
    for one in value.values():
        _rename(one, names)
    # Copies, as a new name may be the old one of another function.
    moved = {key: value[key].SerializeToString() for key in value if key in names}
    for key in moved:
        del value[key]
    for key, content in moved.items():
        value[names[key]].ParseFromString(content)


def _rename_texts(message: Any, field: Any, value: Any, names: Mapping[str, str]) -> None:
    if not isinstance(value, (str, bytes)):
        for place, one in enumerate(value):
            value[place] = _new_text(one, names)
    else:
        setattr(message, field.name, _new_text(value, names))


def _new_text(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    return names[text].encode() if text in names else value


def _write_fingerprint(folder: Path, digest: str) -> None:
    """Write the fingerprint of the rewritten graph, with an identifier derived from its digest."""
    from tensorflow.core.protobuf.fingerprint_pb2 import FingerprintDef
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    fingerprint = FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(str(folder)))
    fingerprint.uuid = str(int(digest[:_ID_DIGITS], 16))
    (folder / FINGERPRINT_NAME).write_bytes(fingerprint.SerializeToString(deterministic=True))
