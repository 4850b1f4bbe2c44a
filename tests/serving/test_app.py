"""Claims about the application that the command's tests can't bring about."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from autofocus.serving.app import Service
from autofocus.serving.classifier import ImageClassifier
from autofocus.serving.uploads import Limits
from tests.predicting.models import make_model


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    model = make_model(tmp_path_factory.mktemp("model"))
    return Service(ImageClassifier(model), "0123456789ab", Limits(1, 1000))


def post(body: bytes) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    return Request({**scope, "query_string": b"file=a.jpg"}, receive)


def test_a_busy_server_says_so(service: Service) -> None:
    """Beyond some requests in progress, a further one is not read, and may come again."""
    service._requests = 16
    with pytest.raises(HTTPException) as caught:
        asyncio.run(service.predict(post(b"image")))
    service._requests = 0
    assert caught.value.status_code == 503
    assert caught.value.headers == {"Retry-After": "1"}


def test_a_failed_request_is_over(service: Service) -> None:
    """A request that is too large doesn't count as one in progress."""
    with pytest.raises(HTTPException, match="megabytes"):
        asyncio.run(service.predict(post(bytes(1001))))
    assert service._requests == 0


def test_a_body_without_a_type_is_an_image(service: Service) -> None:
    """Its content tells, and a broken one is a row."""
    answer = asyncio.run(service.predict(post(b"no image")))
    (row,) = json.loads(bytes(answer.body))["images"]
    assert (row["file"], row["status"]) == ("a.jpg", "not_an_image")


def test_a_client_that_hangs_up_is_no_failure(service: Service) -> None:
    """The server raises nothing, which it would log with a traceback."""
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b"part", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    sent: list[MutableMapping[str, Any]] = []
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    asyncio.run(service.app()({**scope, "query_string": b""}, receive, send))
    assert sent[0]["status"] == 400
    assert service._requests == 0
