"""A line of limited speed to a server on this machine: a proxy that all connections share."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_CHUNK = 256 << 10
# What may pass at once after a pause, in seconds.
_BURST_S = 0.02


class _Line:
    """Lets so many bytes pass in a second, whichever connection they are of."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._free_at = 0.0
        self._lock = threading.Lock()

    def wait(self, size: int) -> None:
        with self._lock:
            begin = max(self._free_at, time.monotonic() - _BURST_S)
            self._free_at = begin + size / self._rate
            pause = self._free_at - time.monotonic()
        if pause > 0:
            time.sleep(pause)


@contextmanager
def throttled(server: str, bytes_per_second: float) -> Iterator[str]:
    """Yield the address of a proxy through which a server answers at a limited speed.

    Args:
        server: the server's address, such as ``http://127.0.0.1:8333``.
        bytes_per_second: what arrives from it, over all connections.
    """
    target = (HOST, urlsplit(server).port or 80)
    line = _Line(bytes_per_second)
    with socket.create_server((HOST, 0), backlog=128) as listener:
        thread = threading.Thread(target=_accept, args=(listener, target, line), daemon=True)
        thread.start()
        yield f"http://{HOST}:{listener.getsockname()[1]}"


def _accept(listener: socket.socket, target: tuple[str, int], line: _Line) -> None:
    with suppress(OSError):  # until it is closed
        while True:
            client, _ = listener.accept()
            upstream = socket.create_connection(target)
            for source, sink, limit in ((client, upstream, None), (upstream, client, line)):
                threading.Thread(target=_pass_on, args=(source, sink, limit), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, line: _Line | None) -> None:
    buffer = memoryview(bytearray(_CHUNK))
    with suppress(OSError):
        while size := source.recv_into(buffer):
            if line is not None:
                line.wait(size)
            sink.sendall(buffer[:size])
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
