"""Tests of the demo: its errors."""

from pathlib import Path

import pytest

from autofocus.demo import run_demo
from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.make_sample import SampleSettings
from autofocus.demo.run_demo import demo
from autofocus.errors import StoreError


def test_an_error_of_the_server_says_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user of the demo never started the server, so the error names the log to read."""
    start = LocalS3Server.__enter__

    def start_elsewhere(server: LocalS3Server) -> LocalS3Server:
        start(server)
        # Nobody listens there.
        address = property(lambda _: "http://127.0.0.1:9")
        monkeypatch.setattr(LocalS3Server, "endpoint_url", address)
        return server

    monkeypatch.setattr(LocalS3Server, "__enter__", start_elsewhere)
    monkeypatch.setattr(run_demo, "DEMO_SAMPLE", SampleSettings(sequences=16))
    with pytest.raises(StoreError) as error:
        demo(None, tmp_path / "results", tmp_path / "demo")
    log = tmp_path / "demo" / "s3" / "server.log"
    assert f"The server's log is {log}." in str(error.value)
    assert log.stat().st_size
