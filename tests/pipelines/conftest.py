"""Fixtures for what talks to a cluster: a stand-in for its server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import access, client
from pipelines.submit import COMMAND
from tests.pipelines.fake_api import LEAST, FakeApi, serving, write_tiny
from tests.pipelines.submitting import Submit


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tokens and certificates of whoever runs the tests out of them."""
    for name in (access.TOKEN, access.TOKEN_FILE, access.CA_CERT, client.UI_HOST):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api
    assert api.complaints == []


@pytest.fixture
def submit(api: FakeApi, tmp_path: Path) -> Submit:
    """Return a function that submits the tiny pipeline."""
    path = write_tiny(tmp_path)

    def call(*more: str, host: str | None = None, least: tuple[str, ...] = LEAST) -> int:
        words = ["--host", host or api.host, "--pipeline", str(path), *least, *more]
        return COMMAND.main(words)

    return call
