"""The plumbing of a small server on 127.0.0.1: requests as they come, answers as they go."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PIECE = 100_000


@dataclass(frozen=True)
class Answer:
    """What to send back: JSON, or bytes as they are; status 0 hangs up without a word.

    Attributes:
        pause: seconds before each piece of the body.
    """

    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0


class Refused(Exception):  # noqa: N818 - it is an answer
    """The API answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"error": message, "code": 3, "message": message})


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    authorization: str
    body: bytes

    def json(self) -> dict[str, Any]:
        answer = json.loads(self.body)
        assert isinstance(answer, dict)
        return answer

    def upload(self) -> tuple[str, bytes]:
        """Return the name and content of the only file in a form."""
        head = f"Content-Type: {self.content_type}\r\n\r\n".encode()
        _, part = message_from_bytes(head + self.body).walk()
        if part.get_param("name", header="content-disposition") != "uploadfile":
            raise Refused(400, "Failed to read pipeline from file")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return str(part.get_filename()), content


def _handler(answer: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                self.headers.get("Content-Type", ""),
                self.headers.get("Authorization", ""),
                self.rfile.read(length),
            )
            self._send(answer(request))

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names that http.server wants

        def _send(self, answer: Answer) -> None:
            if answer.status == 0:
                self.close_connection = True
                return
            raw = isinstance(answer.body, bytes)
            body = answer.body if raw else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for begin in range(0, len(body), PIECE):
                time.sleep(answer.pause)
                self.wfile.write(body[begin : begin + PIECE])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hangs up, as one does that distrusts a certificate."""


@contextmanager
def open_server(
    answer: Callable[[Request], Answer], tls: tuple[Path, Path] | None = None, port: int = 0
) -> Iterator[int]:
    """Run a server and return its port; with TLS where a certificate and its key are given."""
    server = _QuietServer(("127.0.0.1", port), _handler(answer))
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
