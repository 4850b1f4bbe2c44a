"""Claims about which failures of MLflow are retried, on a server that answers as it is told."""

import errno
import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store import patience
from autofocus.tracking.server import TrackingServer
from tests.store.test_session_retries import secure_server

if TYPE_CHECKING:
    from mlflow.entities import Metric


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.02)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve the same answer to everyone, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(uri: str) -> None:
    """Ask a server for a run."""
    import mlflow

    mlflow.MlflowClient(uri).get_run("0")


@pytest.mark.parametrize("body", [b"Oh.", b'{"error_code": "X", "message": "Oh."}'])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520])
def test_transient_answers(status: int, body: bytes) -> None:
    """429 and the server's faults are waited out, in whatever form they come."""
    with answering(status, body) as uri, pytest.raises(StoreUnavailableError, match=uri):
        TrackingServer(uri, 0).call(lambda: ask(uri))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_PARAMETER_VALUE"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "RESOURCE_DOES_NOT_EXIST"),
        (501, "NOT_IMPLEMENTED"),
    ],
)
def test_final_answers(status: int, code: str) -> None:
    """What the server will not do later either is an error at once, as one sentence."""
    for body in (b"<html>No.</html>", f'{{"error_code": "{code}", "message": "No."}}'.encode()):
        with answering(status, body) as uri, pytest.raises(StoreError) as caught:
            TrackingServer(uri, 60).call(lambda uri=uri: ask(uri))  # type: ignore[misc]
        assert type(caught.value) is StoreError
        assert uri in str(caught.value)
        assert len(str(caught.value)) < 350


def test_another_server_is_final() -> None:
    """A page of some other server is an error at once."""
    with answering(200, b"<html>Hello!</html>") as uri, pytest.raises(StoreError) as caught:
        TrackingServer(uri, 60).call(lambda: ask(uri))
    assert type(caught.value) is StoreError


def test_unknown_certificates_are_final(tmp_path: Path) -> None:
    """A certificate that is not trusted is an error at once."""
    with secure_server(tmp_path) as uri, pytest.raises(StoreError, match="certificate") as caught:
        TrackingServer(uri, 60).call(lambda: ask(uri))
    assert type(caught.value) is StoreError


def test_errors_of_s3_below_mlflow() -> None:
    """Where artifacts go to S3, its failures are told apart in the same way."""
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError, EndpointConnectionError

    def upload(cause: Exception) -> None:
        raise S3UploadFailedError("Failed to upload.") from cause

    busy = ClientError({"Error": {"Code": "SlowDown", "Message": "x"}}, "PutObject")
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "x"}}, "PutObject")
    for error in (busy, EndpointConnectionError(endpoint_url="http://127.0.0.1:1")):
        with pytest.raises(StoreUnavailableError):
            TrackingServer("http://127.0.0.1:1", 0).call(lambda error=error: upload(error))  # type: ignore[misc]
    with pytest.raises(StoreError) as caught:
        TrackingServer("http://127.0.0.1:1", 60).call(lambda: upload(denied))
    assert type(caught.value) is StoreError


def test_errors_of_any_package_are_one_sentence() -> None:
    """A database that is none, a missing driver: whatever a store raises becomes a sentence."""

    def open_store() -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    sentence = "postgresql://db needs the package psycopg.binary., which is not installed"
    with pytest.raises(StoreError, match=sentence):
        TrackingServer("postgresql://db", 60).call(open_store)


@pytest.mark.parametrize(
    ("uri", "end"),
    [
        ("file:///no/such/mlruns", "or keep it and set MLFLOW_TRACKING_URI=sqlite:///mlflow.db"),
        (
            "nonsense://here",
            "got unsupported URI 'nonsense://here' for model registry",
        ),
    ],
)
def test_mlflow_s_advice_is_whole(uri: str, end: str) -> None:
    """What to do about a store that MLflow does not support is said in full."""
    import mlflow

    def start() -> None:
        mlflow.set_tracking_uri(uri)
        mlflow.search_experiments()

    try:
        with pytest.raises(StoreError, match=end):
            TrackingServer(uri, 0).call(start)
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def test_the_failure_of_a_database_is_named(tmp_path: Path) -> None:
    """What SQLite says is the reason, not how SQLAlchemy came to it."""
    import mlflow

    database = tmp_path / "mlflow.db"
    client = mlflow.MlflowClient(f"sqlite:///{database}")
    run = client.create_run("0").info.run_id
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON metrics "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    with pytest.raises(StoreError, match="the disk is full"):
        TrackingServer("sqlite:///mlflow.db", 0).call(lambda: client.log_batch(run, [_metric()]))


def _metric() -> "Metric":
    from mlflow.entities import Metric

    return Metric("accuracy", 0.5, timestamp=0, step=0)


@pytest.mark.parametrize(
    ("uri", "advice"),
    [
        ("sqlite:///mlflow.db", "check MLFLOW_TRACKING_URI."),
        ("http://127.0.0.1:1", "check MLFLOW_TRACKING_URI and that the server is up."),
    ],
)
def test_a_server_is_advised_only_where_there_is_one(uri: str, advice: str) -> None:
    """A store in a file has no server that could be up."""

    def fail() -> None:
        raise OSError("Oh.")

    with pytest.raises(StoreError) as caught:
        TrackingServer(uri, 0).call(fail)
    assert str(caught.value).endswith(advice)


@pytest.mark.parametrize(
    ("uri", "attempts"),
    [
        ("sqlite:///mlflow.db", 1),
        ("file:///mlruns", 1),
        ("/mlruns", 1),
        ("C:\\mlruns", 1),
        ("http://127.0.0.1:1", 3),
        ("https://mlflow.example", 3),
        ("postgresql://mlflow.example/db", 3),
    ],
)
def test_stores_on_this_machine_are_never_retried(uri: str, attempts: int) -> None:
    """A file or SQLite fails at once, as waiting would not help; all others are retried."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

    calls = itertools.count(1)

    def work() -> int:
        if (call := next(calls)) < 3:
            raise MlflowException("Locked.", TEMPORARILY_UNAVAILABLE)
        return call

    if attempts == 1:
        with pytest.raises(StoreUnavailableError, match="Locked"):
            TrackingServer(uri, 60).call(work)
    else:
        assert TrackingServer(uri, 60).call(work) == attempts


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://me:secret@127.0.0.1:1/a", "http://127.0.0.1:1/a"),
        ("postgresql://me:se@cret@db/x?y=1", "postgresql://db/x"),
        ("http://me@127.0.0.1:1", "http://127.0.0.1:1"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
    ],
)
def test_passwords_are_not_shown(uri: str, shown: str) -> None:
    """A password in the address is in no message and no result."""
    server = TrackingServer(uri, 0)
    assert server.name == shown
    with pytest.raises(StoreError) as caught:
        server.call(lambda: sqlite3.connect("/").execute("x"))
    assert "secret" not in str(caught.value)
    assert server.name in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"", "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING"),
        (
            403,
            b'{"error_code": "PERMISSION_DENIED", "message": "No."}',
            "ask for the right to write there",
        ),
        (200, b"<html><form>Log in</form></html>", "is no MLflow server"),
        (404, b"<html>Nothing here.</html>", "no MLflow server .a web page, status 404."),
    ],
)
def test_each_refusal_of_a_server_has_its_own_advice(status: int, body: bytes, words: str) -> None:
    """Credentials, rights and pages of other servers are told apart, in a sentence each."""
    with answering(status, body) as uri, pytest.raises(StoreError, match=words):
        TrackingServer(uri, 60).call(lambda: ask(uri))


def test_a_full_disk_is_named() -> None:
    """No room where the runs are kept is said as such, whichever library notices."""
    for error in (
        OSError(errno.ENOSPC, "No space left"),
        sqlite3.OperationalError("database or disk is full"),
    ):

        def fail(error: Exception = error) -> None:
            raise error

        with pytest.raises(StoreError, match="disk of the MLflow tracking store is full"):
            TrackingServer("sqlite:///mlflow.db", 0).call(fail)
