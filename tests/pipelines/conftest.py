"""Fixtures for what talks to a cluster: a stand-in for its server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import cluster
from pipelines.submit import COMMAND
from tests.pipelines.compiling import compile_all
from tests.pipelines.fake_api import LEAST, FakeApi, serving, write_tiny
from tests.pipelines.submitting import Submit


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tokens and certificates of whoever runs the tests out of them."""
    for name in (cluster.TOKEN, cluster.TOKEN_FILE, cluster.CA_CERT, cluster.UI_HOST):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pipelines, compiled for images of one registry and tag."""
    outdir = tmp_path_factory.mktemp("compiled")
    compile_all(outdir)
    return outdir


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


@pytest.fixture
def follow(api: FakeApi) -> Submit:
    """Return a function that follows a run that was started before."""
    api.runs["run-9"] = {"run_id": "run-9"}

    def call(*more: str) -> int:
        return COMMAND.main(["--host", api.host, "--follow", "run-9", "--poll", "0.01", *more])

    return call
