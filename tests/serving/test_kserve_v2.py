"""Claims about requests of the Open Inference Protocol (KServe's V2)."""

import json
import struct
import tracemalloc
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from autofocus.serving.kserve_v2 import OUTPUTS, read_tensors, render
from autofocus.serving.results import ImageFile, ImageResult
from autofocus.serving.uploads import Limits

LIMITS = Limits(2, 1000)
IMAGE: dict[str, Any] = {"name": "image", "datatype": "BYTES", "shape": [1], "data": ["YWJj"]}


def read(*inputs: Any, **more: Any) -> Any:
    return read_tensors(json.dumps({"inputs": inputs, **more}).encode(), None, LIMITS)


def test_images_are_a_vector_or_a_column() -> None:
    """Both shapes give the same, with the elements of a column in lists of their own or not."""
    expected = [ImageFile(b"abc"), ImageFile(b"abc")]
    data = ["YWJj", "YWJj"]
    assert read(IMAGE | {"shape": [2], "data": data}).images == expected
    assert read(IMAGE | {"shape": [2, 1], "data": data}).images == expected
    assert read(IMAGE | {"shape": [2, 1], "data": [[one] for one in data]}).images == expected


def test_without_outputs_all_are_returned() -> None:
    """A request names outputs, or gets all; binary ones where it says so."""
    assert read(IMAGE).outputs == [(tensor, False) for tensor in OUTPUTS]
    everything = read(IMAGE, parameters={"binary_data_output": True}).outputs
    assert everything == [(tensor, True) for tensor in OUTPUTS]
    some = read(IMAGE, outputs=[{"name": "score"}]).outputs
    assert [tensor.name for tensor, _ in some] == ["score"]


def test_a_request_without_an_id_gets_none() -> None:
    """The id is returned only if there was one."""
    content, binary = render(read(IMAGE), [ImageResult("")], "m", "7")
    assert "id" not in content
    assert binary == b""
    content, _ = render(read(IMAGE, id=""), [ImageResult("")], "m", "7")
    assert content["id"] == ""


def test_several_binary_inputs_follow_each_other() -> None:
    """Each takes as many bytes as it says, in the order of the inputs."""
    tensors = [b"\x03\0\0\0abc", b"\x01\0\0\0A"]
    inputs = [
        {
            "name": name,
            "datatype": "BYTES",
            "shape": [1],
            "parameters": {"binary_data_size": len(content)},
        }
        for name, content in zip(("image", "camera"), tensors, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    request = read_tensors(head + b"".join(tensors), str(len(head)), LIMITS)
    assert request.images == [ImageFile(b"abc", "", "A")]


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([], "no list 'inputs'"),
        (["image"], r"inputs\[0\] has the name 'None'"),
        ([IMAGE | {"name": "photo"}], r"inputs\[0\] has the name 'photo'"),
        ([IMAGE | {"datatype": "UINT8"}], "must have the datatype BYTES"),
        ([IMAGE | {"shape": [1, 3]}], r"must have the shape \[N\]"),
        ([IMAGE | {"shape": [True]}], r"must have the shape \[N\]"),
        ([IMAGE | {"shape": []}], r"must have the shape \[N\]"),
        ([IMAGE | {"shape": [-1]}], r"must have the shape \[N\]"),
        ([IMAGE | {"shape": [2]}], "has 1 elements, but the shape of 2"),
        ([IMAGE | {"data": ["YWJj", "YWJj"]}], "must be a list of 1 texts"),
        ([IMAGE | {"data": [["YWJj"]]}], "must be a list of 1 texts"),
        ([IMAGE | {"data": [1]}], "must be a list of 1 texts"),
        ([IMAGE | {"data": None}], "must be a list of 1 texts"),
        ([IMAGE | {"data": ["?"]}], r"image\[0\] is not an image file in base64"),
        ([IMAGE | {"name": "camera"}], "no input 'image'"),
        ([IMAGE, IMAGE | {"name": "camera", "shape": [2], "data": ["A", "B"]}], "but 2 cameras"),
        ([IMAGE | {"parameters": {"binary_data_size": "3"}}], "is not a size"),
        ([IMAGE | {"parameters": {"binary_data_size": 0}}], "has 0 elements"),
        ([IMAGE | {"parameters": {"binary_data_size": 9}}], "is incomplete"),
        ([IMAGE, IMAGE], "has two inputs 'image'"),
        ([IMAGE, IMAGE | {"name": "camera", "data": ["\ud800"]}], "'camera' is not text"),
    ],
)
def test_another_form_is_an_error_of_one_sentence(inputs: list[Any], sentence: str) -> None:
    """The error says which input, and what is wrong with it."""
    with pytest.raises(HTTPException, match=sentence) as caught:
        read(*inputs)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"id": 7}, "The id of the request is not text"),
        ({"outputs": [{"name": "logits"}]}, "There is no output 'logits': the outputs are status"),
        ({"outputs": ["label"]}, "There is no output 'None'"),
        ({"outputs": {"name": "label"}}, "no list 'outputs'"),
        ({"outputs": [{"name": "box"}] * 2}, "asks for the output 'box' twice"),
    ],
)
def test_an_unknown_output_is_an_error(more: dict[str, Any], sentence: str) -> None:
    """What a request asks for must exist."""
    with pytest.raises(HTTPException, match=sentence):
        read(IMAGE, **more)


@pytest.mark.parametrize("length", ["", "-1", "1e3", "99999999999", "²"])
def test_the_length_of_json_must_be_one(length: str) -> None:
    """The header is a number that fits the body."""
    with pytest.raises(HTTPException, match="is not a length of JSON"):
        read_tensors(b"{}", length, LIMITS)


@pytest.mark.parametrize("content", [b"\x03\0", struct.pack("<I", 2**32 - 1) + b"abc"])
def test_binary_data_must_be_complete(content: bytes) -> None:
    """An element that is longer than the data is an error, not a shorter image."""
    tensor = IMAGE | {"parameters": {"binary_data_size": len(content)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    with pytest.raises(HTTPException, match="incomplete"):
        read_tensors(head + content, str(len(head)), LIMITS)


@pytest.mark.parametrize(
    ("size", "content", "sentence"),
    [
        (9, b"\x03\0\0\0abc", "The binary data of the input 'image' is incomplete."),
        (7, b"\x03\0\0\0abcd", "After the binary data of the inputs there are 1 bytes."),
        (40, bytes(40), "has more than 1 elements, but the shape of 1."),
    ],
)
def test_binary_data_are_as_long_as_the_inputs_say(
    size: int, content: bytes, sentence: str
) -> None:
    """What is missing, left over or too much is an error, and nothing is guessed."""
    tensor = IMAGE | {"parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor]}).encode()
    with pytest.raises(HTTPException, match=sentence):
        read_tensors(head + content, str(len(head)), LIMITS)


def test_many_spaces_in_base64_take_no_memory_of_their_own() -> None:
    """Base64 with a space after every second letter takes little more memory than its text."""
    data = "YW Jj " * 200_000
    body = json.dumps({"inputs": [IMAGE | {"data": [data]}]}).encode()
    tracemalloc.start()
    try:
        request = read_tensors(body, None, LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert request.images == [ImageFile(b"abc" * 200_000)]
    assert peak < 5 * len(body)
