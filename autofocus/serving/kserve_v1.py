"""KServe's protocol V1: instances in, predictions out.

Reference: KServe, "V1 protocol"; images in base64 as TensorFlow Serving's REST API has them.
"""

from collections.abc import Sequence
from typing import Any

from autofocus.serving.json_body import bad_request, decode_base64, list_of, parse_object, text_of
from autofocus.serving.results import ImageFile, ImageResult
from autofocus.serving.uploads import Limits, check_number

_BASE64, _IMAGE, _CAMERA, _FILE = "b64", "image", "camera", "file"


def read_instances(body: bytes, limits: Limits, camera: str = "") -> list[ImageFile]:
    """Return the images of a request.

    Args:
        body: ``{"instances": [{"b64": "..."}, {"image": {"b64": "..."}, "camera": "A"}]}``.
        limits: what it may hold.
        camera: of the images that name none.

    Raises:
        HTTPException: it has another form (400), or too many images (413).
    """
    instances = list_of(parse_object(body), "instances")
    check_number(len(instances), limits)
    return [
        _image(instance, f"instances[{number}]", camera)
        for number, instance in enumerate(instances)
    ]


def predictions_of(results: Sequence[ImageResult]) -> dict[str, Any]:
    """Return the response: one prediction per image, in their order."""
    return {"predictions": [result.to_json() for result in results]}


def _image(instance: Any, where: str, camera: str) -> ImageFile:
    fields = instance if isinstance(instance, dict) else {}
    value = fields.get(_IMAGE, fields)
    if not isinstance(value, dict) or _BASE64 not in value:
        raise bad_request(
            f'{where} is no image: write {{"b64": "..."}}, or {{"image": {{"b64": "..."}}, '
            '"camera": "..."}.'
        )
    content = decode_base64(value[_BASE64], where)
    name, camera = (
        text_of(fields.get(key, default), f"{where}.{key}")
        for key, default in ((_FILE, ""), (_CAMERA, camera))
    )
    return ImageFile(content, name, camera)
