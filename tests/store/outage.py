"""A TCP proxy in front of a real server, by which the server goes away and comes back."""

import asyncio
import contextlib
import math
import random
import socket
import struct
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_CHUNK = 8 << 10
# Below the ports that systems give to connections: a client that tries to connect to one of those
# while it is closed may be given that very port for itself, and is then connected with itself.
_PORTS = range(20_000, 32_000)
# A socket that is closed with this option resets its connection.
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Passes all bytes on while the `with` block runs, except in outages.

    Args:
        server: the server's address, such as ``http://127.0.0.1:8333``.
        bytes_per_second: how many bytes each connection brings to the client.

    Attributes:
        endpoint_url: its own address.
        bytes_per_second: as given; may be changed meanwhile.
        bytes_received: how many bytes clients have received.
        bytes_sent: how many bytes clients have sent.
        connections: how many connections there have been.
    """

    def __init__(self, server: str, bytes_per_second: float = math.inf) -> None:
        self.bytes_received = 0
        self.bytes_sent = 0
        self.connections = 0
        self._port = _free_port()
        self.endpoint_url = f"http://{HOST}:{self._port}"
        self._target = urlsplit(server).port
        self.bytes_per_second = bytes_per_second
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut_at = math.inf
        self._cut: asyncio.Task[None] | None = None

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def go_away(self) -> None:
        """Refuse new connections, and reset all that are open."""
        self._do(self._go_away())

    def come_back(self) -> None:
        """Listen again, at the same address."""
        self._do(self._come_back())

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Be away while the block runs."""
        self.go_away()
        try:
            yield
        finally:
            self.come_back()

    def go_away_for(self, seconds: float) -> threading.Thread:
        """Begin an outage, and end it in a thread after so many seconds."""
        self.go_away()

        def wait() -> None:
            time.sleep(seconds)
            self.come_back()

        thread = threading.Thread(target=wait)
        thread.start()
        return thread

    def go_away_amid(self, sent: int, seconds: float) -> threading.Event:
        """Begin an outage when clients have sent so many bytes more, in the middle of a request.

        Args:
            sent: how many bytes.
            seconds: how long the outage lasts.

        Returns:
            What is set when it is over.
        """
        over = threading.Event()

        async def cut() -> None:
            await self._go_away()
            await asyncio.sleep(seconds)
            await self._come_back()
            over.set()

        self._begin_cut = cut
        self._cut_at = self.bytes_sent + sent
        return over

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _come_back(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self._port)

    async def _go_away(self) -> None:
        if self._server is not None:
            # Closed at once, connections that are just being accepted would stay open, and mute.
            for each in self._server.sockets:
                self._loop.remove_reader(each.fileno())
            await asyncio.sleep(0.05)
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        end = writer.get_extra_info("socket")
        try:
            await self._serve(reader, writer)
        except OSError:  # one of the two ends has gone
            pass
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(HOST, self._target)
        try:
            await asyncio.gather(
                self._send(reader, to_server), self._receive_slowly(from_server, writer)
            )
        finally:
            to_server.close()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            self.bytes_sent += len(data)
            if self.bytes_sent > self._cut_at:
                self._cut_at = math.inf
                self._cut = self._loop.create_task(self._begin_cut())
                # The rest is never sent: the outage cancels this.
                await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def _receive_slowly(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
            self.bytes_received += len(data)
            await asyncio.sleep(len(data) / self.bytes_per_second)
        writer.write_eof()


def _free_port() -> int:
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - no secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
