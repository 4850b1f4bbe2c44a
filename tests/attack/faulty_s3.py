"""An HTTP proxy in front of a real S3 server that alters what the server answers."""

import http.client
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

# A socket that is closed with this option resets its connection.
_RESET = struct.pack("ii", 1, 0)
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Request:
    """A request of a client.

    Attributes:
        method: such as ``GET``.
        key: the object's; empty for a listing.
        query: of the URL, each name once.
        number: how many requests of this method there were for this key, this one included.
    """

    method: str
    key: str
    query: dict[str, str]
    number: int

    @property
    def is_listing(self) -> bool:
        """Whether objects are listed."""
        return "list-type" in self.query

    @property
    def is_probe(self) -> bool:
        """Whether only the presence of the bucket is looked up."""
        return self.is_listing and self.query.get("max-keys") == "1"


@dataclass(frozen=True)
class Answer:
    """An answer, as it is sent to the client.

    Attributes:
        status: of HTTP.
        headers: without those of the connection.
        body: all bytes.
        length: what the header says of it; None: the truth.
        sent: how many bytes of it are sent before the connection ends; None: all.
        is_reset: whether the connection is reset instead of an answer.
        seconds: how long nothing is sent.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    sent: int | None = None
    is_reset: bool = False
    seconds: float = 0.0

    def without(self, *names: str) -> "Answer":
        """Return the answer without some headers."""
        left = {name: value for name, value in self.headers.items() if name.lower() not in names}
        return replace(self, headers=left)

    def having(self, **headers: str) -> "Answer":
        """Return the answer with other headers; `_` stands for `-`."""
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self.without(*map(str.lower, new)), headers={**self.headers, **new})

    def edited(self, pattern: str, new: str, count: int = 0) -> "Answer":
        """Return the answer with a part of its text replaced."""
        text = re.sub(pattern, new, self.body.decode(), count=count, flags=re.DOTALL)
        return replace(self, body=text.encode())

    def halved(self) -> "Answer":
        """Return the answer with the first half of its body, and the length of that."""
        return replace(self, body=self.body[: len(self.body) // 2])


Change = Callable[[Answer], Answer]
LOGIN = Answer(200, {"Content-Type": "text/html"}, b"<html><body>Please log in</body></html>")


def refusal(status: int, code: str, message: str = "for a test") -> Answer:
    """Return an error of an S3 server."""
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, {"Content-Type": "application/xml"}, text.encode())


# Makes an answer of a request and of what asks the server for its own.
Fault = Callable[[Request, Callable[[], Answer]], Answer]


def no_fault(_: Request, real: Callable[[], Answer]) -> Answer:
    """Pass the server's answer on."""
    return real()


class FaultyS3:
    """The proxy.

    Args:
        server: the server's address.

    Attributes:
        fault: alters answers; may be changed at any time.
        requests: how many there were, by method and key.
        moments: when there were requests for objects, by `time.monotonic`.
    """

    def __init__(self, server: str) -> None:
        self.fault: Fault = no_fault
        self.requests: Counter[tuple[str, str]] = Counter()
        self.moments: list[float] = []
        self.lock = threading.Lock()
        self.target = urlsplit(server)
        self.endpoint_url = ""

    def begin(self, fault: Fault) -> None:
        """Alter answers in another way, and count requests from the start."""
        with self.lock:
            self.fault = fault
            self.requests.clear()
            self.moments.clear()

    def note(self, headers: Mapping[str, str], path: str) -> None:
        """Look at the headers and the path of a request; for subclasses."""

    @contextmanager
    def serving(self) -> Iterator["FaultyS3"]:
        """Serve while the block runs."""

        class Handler(_Handler):
            proxy = self

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.endpoint_url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultyS3
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # the client has gone
            self.close_connection = True

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        self.proxy.note(dict(self.headers), self.path)
        self._send(self.proxy.fault(self._request(), lambda: self._ask(content)))

    do_HEAD = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

    def _request(self) -> Request:
        url = urlsplit(self.path)
        _, _, key = unquote(url.path).removeprefix("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(url.query, True).items()}
        proxy = self.proxy
        with proxy.lock:
            proxy.requests[self.command, key] += 1
            if key:
                proxy.moments.append(time.monotonic())
            return Request(self.command, key, query, proxy.requests[self.command, key])

    def _ask(self, content: bytes) -> Answer:
        target = self.proxy.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "connection":
                connection.putheader(name, value)
        connection.endheaders(content or None)
        response = connection.getresponse()
        body = response.read()
        headers = {
            name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP
        }
        length = int(response.getheader("Content-Length") or 0) if self.command == "HEAD" else None
        connection.close()
        return Answer(response.status, headers, body, length)

    def _send(self, answer: Answer) -> None:
        if answer.seconds:
            time.sleep(answer.seconds)
        if answer.is_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
            self.connection.close()
            return
        length = len(answer.body) if answer.length is None else answer.length
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if length >= 0:
            self.send_header("Content-Length", str(length))
        if answer.sent is not None or length < 0:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.sent])
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
