"""KServe's protocol V2, the Open Inference Protocol: tensors in, tensors out.

The extension for binary tensors is understood as well: images then travel as they are, without
base64.

References: Open Inference Protocol, "inference_rest.md"; Triton, "Binary tensor data extension".
"""

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from autofocus.serving.json_body import bad_request, decode_base64, list_of, parse_object, text_of
from autofocus.serving.results import ImageFile, ImageResult
from autofocus.serving.uploads import Limits, check_number

# The header with the length of the JSON that comes before binary tensors.
JSON_LENGTH = "Inference-Header-Content-Length"
EXTENSIONS = ["binary_tensor_data"]
_BYTES, _FLOAT = "BYTES", "FP32"
_IMAGE, _CAMERA = "image", "camera"
# Elements of BYTES have their length before them.
_LENGTH = struct.Struct("<I")
# Images are a vector, or a column of one.
_MAX_DIMENSIONS = 2


@dataclass(frozen=True)
class Tensor:
    """An output.

    Attributes:
        name: its name.
        datatype: `BYTES` or `FP32`.
        values: those of an image, as many as `width`.
        width: the size of its second dimension; 0 if it has one only.
    """

    name: str
    datatype: str
    values: Callable[[ImageResult], Sequence[str | float]]
    width: int = 0

    def shape(self, images: int) -> list[int]:
        """Return its shape for a number of images."""
        return [images, self.width] if self.width else [images]


def _text(name: str) -> Tensor:
    return Tensor(name, _BYTES, lambda result: [str(result.to_row()[name])])


def _score(name: str) -> Tensor:
    # A tensor has no place for what is not there: `status` tells.
    return Tensor(name, _FLOAT, lambda result: [result.to_row()[name] or 0.0])


def _box(result: ImageResult) -> list[float]:
    box = result.to_json()["box"] or {}
    return [box.get(side, 0.0) for side in ("left", "top", "width", "height")]


OUTPUTS = (
    _text("status"),
    _text("detail"),
    _text("label"),
    _score("score"),
    _text("decision"),
    _text("review_reason"),
    _text("second_label"),
    _score("second_score"),
    Tensor("box", _FLOAT, _box, width=4),
)


@dataclass(frozen=True)
class InferRequest:
    """A request.

    Attributes:
        images: the images.
        id: the caller's name for it; None without one.
        outputs: the outputs that it asks for, each with whether it is to be binary.
    """

    images: list[ImageFile]
    id: str | None
    outputs: list[tuple[Tensor, bool]]


def metadata_of(name: str, version: str) -> dict[str, Any]:
    """Return what a model takes and gives."""
    return {
        "name": name,
        "versions": [version],
        "platform": "autofocus",
        "inputs": [{"name": _IMAGE, "datatype": _BYTES, "shape": [-1]}],
        "outputs": [
            {"name": one.name, "datatype": one.datatype, "shape": one.shape(-1)} for one in OUTPUTS
        ],
    }


def read_tensors(
    body: bytes, json_length: str | None, limits: Limits, camera: str = ""
) -> InferRequest:
    """Return what a request asks.

    Args:
        body: JSON with an input `image` of the datatype BYTES, each image in base64, and perhaps
            one `camera`; or JSON and binary tensors after it.
        json_length: the header `JSON_LENGTH`; None without it.
        limits: what it may hold.
        camera: of all images, unless there is an input `camera`.

    Raises:
        HTTPException: it has another form (400), or too many images (413).
    """
    head, rest = _divide(body, json_length)
    content = parse_object(head)
    tensors = _inputs(list_of(content, "inputs"), rest, limits)
    if _IMAGE not in tensors:
        raise bad_request(f"There is no input {_IMAGE!r} of the datatype {_BYTES}.")
    images = [
        one if isinstance(one, bytes) else decode_base64(one, f"{_IMAGE}[{number}]")
        for number, one in enumerate(tensors[_IMAGE])
    ]
    cameras = [_decoded(one) for one in tensors.get(_CAMERA, [camera] * len(images))]
    if len(cameras) != len(images):
        raise bad_request(f"There are {len(images)} images, but {len(cameras)} cameras.")
    identifier = content.get("id")
    if identifier is not None:
        text_of(identifier, "The id of the request")
    files = [ImageFile(one, "", each) for one, each in zip(images, cameras, strict=True)]
    return InferRequest(files, identifier, _outputs(content))


def render(
    request: InferRequest, results: Sequence[ImageResult], name: str, version: str
) -> tuple[dict[str, Any], bytes]:
    """Return the response: JSON, and the binary tensors after it.

    Args:
        request: what was asked.
        results: the predictions for its images.
        name: the model's name.
        version: the model's version.
    """
    outputs, parts = [], []
    for tensor, is_binary in request.outputs:
        values = [value for result in results for value in tensor.values(result)]
        described: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape(len(results)),
        }
        if is_binary:
            parts.append(_pack(tensor.datatype, values))
            described["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            described["data"] = values
        outputs.append(described)
    identifier = {} if request.id is None else {"id": request.id}
    content = {"model_name": name, "model_version": version, **identifier, "outputs": outputs}
    return content, b"".join(parts)


def _divide(body: bytes, json_length: str | None) -> tuple[bytes, bytes]:
    if json_length is None:
        return body, b""
    if not (json_length.isascii() and json_length.isdecimal()) or len(json_length) > len(
        str(len(body))
    ):
        raise bad_request(f"{JSON_LENGTH} is not a length of JSON in the body.")
    length = int(json_length)
    return body[:length], body[length:]


def _inputs(inputs: Sequence[Any], rest: bytes, limits: Limits) -> dict[str, list[Any]]:
    """Return the elements of each input by its name: text, or bytes of a binary one."""
    tensors = {}
    for number, one in enumerate(inputs):
        name = one.get("name") if isinstance(one, dict) else None
        if name not in (_IMAGE, _CAMERA):
            raise bad_request(
                f"inputs[{number}] has the name {str(name)[:50]!r}: there are {_IMAGE!r} and, if "
                f"need be, {_CAMERA!r}."
            )
        if name in tensors:
            raise bad_request(f"The request has two inputs {name!r}.")
        if one.get("datatype") != _BYTES:
            raise bad_request(f"The input {name!r} must have the datatype {_BYTES}.")
        count = _number(one, name)
        check_number(count, limits)
        size = _binary_size(one, name)
        if size is None:
            tensors[name] = _elements(one, name, count)
        else:
            tensors[name] = _binary_elements(rest, size, name, count)
            rest = rest[size:]
        if len(tensors[name]) != count:
            raise bad_request(
                f"The input {name!r} has {_counted(len(tensors[name]), count)} elements, but the "
                f"shape of {count}."
            )
    if rest:
        raise bad_request(f"After the binary data of the inputs there are {len(rest)} bytes.")
    return tensors


def _counted(number: int, most: int) -> str:
    return str(number) if number <= most else f"more than {most}"


def _number(tensor: dict[str, Any], name: str) -> int:
    """Return the number of elements by the shape."""
    shape = tensor.get("shape")
    if (
        not isinstance(shape, list)
        or not 1 <= len(shape) <= _MAX_DIMENSIONS
        or not all(type(size) is int and size >= 1 for size in shape)
        or (len(shape) == _MAX_DIMENSIONS and shape[1] != 1)
    ):
        raise bad_request(f"The input {name!r} must have the shape [N], or [N, 1].")
    return math.prod(shape)


def _elements(tensor: dict[str, Any], name: str, count: int) -> list[Any]:
    data = tensor.get("data")
    if isinstance(data, list) and len(data) <= count:
        # Of the shape [N, 1] each may be in a list of its own.
        data = [
            one[0] if isinstance(one, list) and len(one) == 1 and len(tensor["shape"]) > 1 else one
            for one in data
        ]
        if all(isinstance(one, str) for one in data):
            return data
    raise bad_request(f"The data of the input {name!r} must be a list of {count} texts.")


def _binary_size(tensor: dict[str, Any], name: str) -> int | None:
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None and (type(size) is not int or size < 0):
        raise bad_request(f"binary_data_size of the input {name!r} is not a size.")
    return size


def _binary_elements(content: bytes, size: int, name: str, count: int) -> list[bytes]:
    if size > len(content):
        raise bad_request(f"The binary data of the input {name!r} is incomplete.")
    # One more, so that too many are seen.
    return list(islice(_unpack(content[:size], name), count + 1))


def _unpack(content: bytes, name: str) -> Iterator[bytes]:
    start = 0
    while start < len(content):
        begin = start + _LENGTH.size
        if begin > len(content):
            raise bad_request(f"The binary data of the input {name!r} is incomplete.")
        start = begin + _LENGTH.unpack_from(content, start)[0]
        if start > len(content):
            raise bad_request(f"The binary data of the input {name!r} is incomplete.")
        yield content[begin:start]


def _decoded(camera: str | bytes) -> str:
    if isinstance(camera, str):
        return text_of(camera, f"An element of the input {_CAMERA!r}")
    return camera.decode("utf-8", "replace")


def _outputs(content: dict[str, Any]) -> list[tuple[Tensor, bool]]:
    """Return the outputs that a request asks for: without any, all."""
    parameters = content.get("parameters")
    all_binary = isinstance(parameters, dict) and parameters.get("binary_data_output") is True
    known = {tensor.name: tensor for tensor in OUTPUTS}
    if not content.get("outputs"):
        return [(tensor, all_binary) for tensor in OUTPUTS]
    outputs = []
    asked: set[str] = set()
    for one in list_of(content, "outputs"):
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or name not in known:
            raise bad_request(
                f"There is no output {str(name)[:50]!r}: the outputs are {', '.join(known)}."
            )
        if name in asked:
            raise bad_request(f"The request asks for the output {name!r} twice.")
        asked.add(name)
        parameters = one.get("parameters")
        choice = parameters.get("binary_data") if isinstance(parameters, dict) else None
        outputs.append((known[name], all_binary if choice is None else choice is True))
    return outputs


def _pack(datatype: str, values: Sequence[Any]) -> bytes:
    if datatype == _FLOAT:
        return struct.pack(f"<{len(values)}f", *values)
    texts = [value.encode() for value in values]
    return b"".join(_LENGTH.pack(len(text)) + text for text in texts)
