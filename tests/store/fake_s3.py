"""A server that speaks enough of S3 to misbehave, as a real one does only now and then."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

# The status, headers and body of an answer.
ErrorResponse = tuple[int, Mapping[str, str], bytes]

BUCKET = "bucket"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@dataclass
class FakeObject:
    """An object and how the server misbehaves when asked for it.

    Attributes:
        content: its bytes.
        etag: what the server says of them; their MD5 by default.
        statuses: what the first requests are answered with, instead of the object.
        arriving: how many bytes arrive before the connection breaks; all by default.
        seconds: how long the bytes take to arrive.
        head: further headers of the answer to HEAD.
        code: of the answers with the statuses.
        answered: the bytes that are answered, without an ETag, instead of the object.
    """

    content: bytes
    etag: str = ""
    statuses: list[int] = field(default_factory=list)
    arriving: int | None = None
    seconds: float = 0
    head: Mapping[str, str] = field(default_factory=dict)
    answered: bytes | None = None
    code: str = "Faulty"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its answers."""
        md5 = hashlib.md5(self.content, usedforsecurity=False).hexdigest()
        return {
            "ETag": f'"{self.etag or md5}"',
            "Last-Modified": "Mon, 02 Mar 2020 10:00:00 GMT",
            "Content-Length": str(len(self.content)),
        }


@dataclass
class FakeS3:
    """The server's state.

    Attributes:
        objects: by key.
        region: the only one in which requests may be signed; any by default.
        listing: what listings are answered with instead.
        first_listings: what the first ones are answered with instead; None: as usual.
        page: how many objects a page of a listing holds.
        asked: how often each key was asked for.
        endpoint_url: the server's address.
    """

    objects: dict[str, FakeObject] = field(default_factory=dict)
    region: str = ""
    listing: ErrorResponse | None = None
    first_listings: list[ErrorResponse | None] = field(default_factory=list)
    page: int = 1000
    asked: Counter[str] = field(default_factory=Counter)
    endpoint_url: str = ""


@contextmanager
def serve(state: FakeS3) -> Iterator[FakeS3]:
    """Serve on a port of this machine while the block runs."""

    class Handler(_Handler):
        fake = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.endpoint_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeS3

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path).removeprefix(f"/{BUCKET}").removeprefix("/")
        if self.fake.region and f"/{self.fake.region}/s3/" not in self.headers["Authorization"]:
            self._refuse(400, "AuthorizationHeaderMalformed", region=self.fake.region)
        elif "list-type" in (query := parse_qs(url.query)):
            self._list(int(query.get("continuation-token", ["0"])[0]))
        else:
            self._send(key)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _list(self, start: int) -> None:
        first = self.fake.first_listings.pop(0) if self.fake.first_listings else None
        if instead := first or self.fake.listing:
            self._answer(*instead)
            return
        end = start + self.fake.page
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(item.content)}</Size>"
            f"<ETag>{item.headers['ETag']}</ETag></Contents>"
            for key, item in sorted(self.fake.objects.items())[start:end]
        )
        is_cut = str(end < len(self.fake.objects)).lower()
        body = (
            f"<ListBucketResult><IsTruncated>{is_cut}</IsTruncated>"
            f"<NextContinuationToken>{end}</NextContinuationToken>{rows}</ListBucketResult>"
        )
        self._answer(200, {}, body.encode())

    def _send(self, key: str) -> None:
        self.fake.asked[key] += 1
        item = self.fake.objects.get(key)
        if item is None:
            self._refuse(404, "NoSuchKey")
        elif self.command == "HEAD":
            self._answer(200, {**item.headers, **item.head}, b"")
        elif item.statuses:
            self._refuse(item.statuses.pop(0), item.code)
        elif item.answered is not None:
            self._answer(200, {}, item.answered)
        else:
            self._answer(200, item.headers, b"")
            self._trickle(item.content[: item.arriving], item.seconds)
            self.close_connection = True

    def _trickle(self, content: bytes, seconds: float) -> None:
        step = len(content) // 100 + 1
        for start in range(0, len(content), step):
            time.sleep(seconds / 100)
            try:
                self.wfile.write(content[start : start + step])
            except ConnectionError:
                # The client has gone, as a test wanted it to.
                return

    def _refuse(self, status: int, code: str, region: str = "") -> None:
        where = f"<Region>{region}</Region>" if region else ""
        body = f"<Error><Code>{code}</Code><Message>For a test.</Message>{where}</Error>"
        self._answer(status, {}, body.encode())

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
