"""Claims about requests of KServe's protocol V1."""

import json
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from autofocus.serving.kserve_v1 import read_instances
from autofocus.serving.results import ImageFile
from autofocus.serving.uploads import Limits

LIMITS = Limits(2, 1000)


def test_an_instance_is_an_image_or_an_object_with_one() -> None:
    """Both forms of TensorFlow Serving's REST API are read; base64 may have line breaks."""
    instances = [{"b64": "YW\nJj"}, {"image": {"b64": "YWJj"}, "camera": "A", "file": "a.jpg"}]
    body = json.dumps({"instances": instances, "signature_name": "x"}).encode()
    assert read_instances(body, LIMITS, "one") == [
        ImageFile(b"abc", "", "one"),
        ImageFile(b"abc", "a.jpg", "A"),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "The body is not a JSON object."),
        ({}, "no list 'instances'"),
        ({"instances": {}}, "no list 'instances'"),
        ({"instances": []}, "or an empty one"),
        ({"instances": [[1, 2]]}, r"instances\[0\] is no image"),
        ({"instances": [{"image": "YWJj"}]}, r"instances\[0\] is no image"),
        ({"instances": [{"b64": "YWJj"}, {"b64": 7}]}, r"instances\[1\] is not an image file"),
        ({"instances": [{"b64": "äöü!"}]}, "not an image file in base64"),
        ({"instances": [{"b64": ""}]}, "not an image file in base64"),
        ({"instances": [{"b64": "YWJj", "camera": 1}]}, r"instances\[0\].camera is not text"),
        ({"instances": [{"b64": "YWJj", "file": "\ud800"}]}, r"instances\[0\].file is not text"),
    ],
)
def test_another_form_is_an_error_of_one_sentence(content: Any, sentence: str) -> None:
    """The error says which instance, and what is wrong with it."""
    with pytest.raises(HTTPException, match=sentence) as caught:
        read_instances(json.dumps(content).encode(), LIMITS)
    assert caught.value.status_code == 400


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b'{"instances": [NaN]}', b"\x00"])
def test_a_body_must_be_json(body: bytes) -> None:
    """Bytes of something else, and the constants that only Python reads, are rejected."""
    with pytest.raises(HTTPException, match="The body is not JSON") as caught:
        read_instances(body, LIMITS)
    assert caught.value.status_code == 400
