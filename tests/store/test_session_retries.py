"""Claims about opening a bucket whose server is unavailable, and about what no retry helps."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from autofocus.errors import AutofocusError, StoreError, StoreUnavailableError
from autofocus.store import patience
from autofocus.store.failures import Failure
from autofocus.store.listing import list_objects
from autofocus.store.session import Access, Bucket, open_bucket
from tests.conftest import S3
from tests.pipelines.test_cluster import certificate
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, ErrorResponse, FakeObject, FakeS3, serve
from tests.store.outage import Proxy

NOBODY_LISTENS = "http://127.0.0.1:1"

ERROR = "<Error><Code>{}</Code><Message>x</Message></Error>"


@pytest.fixture(autouse=True)
def some_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that suffice for a server that misbehaves."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def opened(endpoint_url: str, patience: float = 60) -> AbstractContextManager[Bucket]:
    """Open the bucket of a server that misbehaves."""
    return open_bucket(BUCKET, endpoint_url=endpoint_url, patience=patience)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "AuthorizationHeaderMalformed"),
        (400, "InvalidBucketName"),
        (403, "AccessDenied"),
        (403, "InvalidAccessKeyId"),
        (403, "RequestTimeTooSkewed"),
        (404, "NoSuchBucket"),
        (501, "NotImplemented"),
    ],
)
def test_final_answers_fail_at_once(
    status: int,
    code: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What a retry can't change is raised at once, whatever the patience, and logged nowhere."""
    body = ERROR.format(code).encode()
    began = time.monotonic()
    with (
        serve(FakeS3(listing=(status, {}, body))) as fake,
        pytest.raises(AutofocusError) as caught,
        opened(fake.endpoint_url),
    ):
        pass
    assert not isinstance(caught.value, StoreUnavailableError)
    assert time.monotonic() - began < 5
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "page", [b"<html/>", b"<!doctype html><p>A console.", b"", b"<ListAllMyBuckets/>"]
)
def test_another_server_than_one_of_s3_fails_at_once(
    page: bytes,
) -> None:
    """A page that is no listing is no outage: that the address is wrong is said at once."""
    with (
        serve(FakeS3(listing=(200, {}, page))) as fake,
        pytest.raises(StoreError, match="is no S3 server"),
        opened(fake.endpoint_url),
    ):
        pass


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "RequestTimeout"),
        (429, "TooManyRequests"),
        (429, "x"),
        (500, "InternalError"),
        (502, "x"),
        (503, "SlowDown"),
        (504, "x"),
    ],
)
def test_transient_answers_are_retried(
    status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After answers that may pass the bucket opens, though boto3 itself does not retry."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.05)
    busy: ErrorResponse = (status, {}, ERROR.format(code).encode())
    with serve(FakeS3({"a": FakeObject(b"")}, first_listings=[busy] * 5)) as fake:
        with opened(fake.endpoint_url) as bucket:
            assert len(list_objects(bucket)) == 1
        assert fake.first_listings == []


def test_the_clients_own_retries_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    """Where we retry, boto3 does not, and obstore only for seconds, so that we soon know."""
    import obstore
    from obstore.exceptions import BaseError

    busy: ErrorResponse = (503, {}, b"")
    with serve(FakeS3(first_listings=[busy])) as fake, opened(fake.endpoint_url):
        pass
    assert "Retrying for up to 60 s" in capsys.readouterr().err
    access = Access(BUCKET, NOBODY_LISTENS, patience=60)
    with access.client() as client, pytest.raises(BaseError, match="retry_timeout: 5s"):
        obstore.get(access.objects(client, "us-east-1"), "key")


def test_a_server_that_ends_within_the_handshake_is_waited_for() -> None:
    """A TLS server that closes connections while they are made is away, not unsafe."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_all() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(10_000)
                    connection.close()

        threading.Thread(target=close_all, daemon=True).start()
        endpoint = f"https://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(StoreUnavailableError, match="can't be reached"), opened(endpoint, 0.2):
            pass
        server.shutdown(socket.SHUT_RDWR)


def test_a_server_that_is_away_is_waited_for(s3: S3, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that refuses connections for two seconds is waited for, and that is logged."""
    with Proxy(s3.endpoint_url) as proxy:
        ended = proxy.go_away_for(2)
        with open_bucket(s3.bucket, endpoint_url=proxy.endpoint_url, patience=60) as bucket:
            assert list_objects(bucket) == []
        ended.join()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{proxy.endpoint_url} can't be reached: ")
    assert first.endswith("Retrying for up to 60 s (--patience).")
    assert last.startswith(f"{proxy.endpoint_url} is available again after ")


def test_a_server_that_stays_away_is_named_in_the_end() -> None:
    """When the patience ends, the sentence is that of a server that can't be reached."""
    began = time.monotonic()
    sentence = f"^{NOBODY_LISTENS} can't be reached"
    with pytest.raises(StoreUnavailableError, match=sentence), opened(NOBODY_LISTENS, 1):
        pass
    assert 1 <= time.monotonic() - began < 3


@contextmanager
def secure_server(folder: Path) -> Iterator[str]:
    """Serve with a certificate that nobody knows, and yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_unknown_certificates_are_final(tmp_path: Path) -> None:
    """A certificate that is not trusted fails at once, for both clients."""
    import obstore
    from obstore.exceptions import BaseError

    with secure_server(tmp_path) as endpoint:
        with pytest.raises(StoreError, match="There is no secure connection"), opened(endpoint):
            pass
        access = Access(BUCKET, endpoint, unsigned=True, patience=60)
        with access.client() as client, pytest.raises(BaseError) as caught:
            obstore.get(access.objects(client, "us-east-1"), "key")
    failure = Failure.of_obstore(caught.value)
    assert failure.final
    assert failure.detail == "the server's certificate is not trusted"
