"""A real, local S3 server: SeaweedFS, for the demo, tests and benchmarks."""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from autofocus.demo import keeper
from autofocus.errors import MissingDependencyError, StoreError, need

HOST = "127.0.0.1"
REGION = "us-east-1"
START_WITHIN_S = 30.0
_ATTEMPTS = 3
_LOG_TAIL = 5
# Each has a port for itself and one for its gRPC.
_PARTS = ("master", "volume", "filer", "s3")


class LocalS3Server:
    """A server that runs during a `with` block, and never longer than this process.

    It listens on 127.0.0.1 only. The objects stay in the folder for later starts; the access keys
    are new at each start.

    Args:
        folder: the folder of the server's data.
        port: the port to listen on; None for any free one.
        public: buckets that can be read without credentials.

    Raises:
        MissingDependencyError: (on entering) SeaweedFS isn't installed.
        StoreError: (on entering) it doesn't start.
    """

    def __init__(self, folder: Path, port: int | None = None, public: Sequence[str] = ()) -> None:
        self.folder = folder.absolute()
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)
        self._wanted_port = port
        self._public = public
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_url(self) -> str:
        """The server's address, such as ``http://127.0.0.1:8333``."""
        return f"http://{HOST}:{self._ports['s3']}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables by which AWS clients, and this package, find the server."""
        past_proxies = {HOST: None, **dict.fromkeys(os.environ.get("NO_PROXY", "").split(","))}
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": ",".join(filter(None, past_proxies)),
        }

    @contextlib.contextmanager
    def as_default(self) -> Iterator[None]:
        """Make it the default server of AWS clients in this process, within a `with` block."""
        before = dict(os.environ)
        for name in [name for name in before if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def __enter__(self) -> "LocalS3Server":
        self._objects.mkdir(parents=True, exist_ok=True)
        self._write_config()
        for _ in range(_ATTEMPTS if self._wanted_port is None else 1):
            self._start()
            if self._wait():
                return self
            # Another program may have taken one of the ports meanwhile.
            self._stop()
        raise StoreError(f"The local S3 server doesn't start: {self._last_words()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def _objects(self) -> Path:
        return self.folder / "objects"

    @property
    def log(self) -> Path:
        """The file in which the server says what it does, since its last start."""
        return self.folder / "server.log"

    @property
    def _config(self) -> Path:
        return self.folder / "access.json"

    def _write_config(self) -> None:
        key = {"accessKey": self.access_key, "secretKey": self.secret_key}
        everyone = [f"{right}:{bucket}" for bucket in self._public for right in ("Read", "List")]
        identities: list[dict[str, Any]] = [
            {"name": "autofocus", "credentials": [key], "actions": ["Admin"]}
        ]
        if everyone:
            identities.append({"name": "anonymous", "actions": everyone})
        self._config.touch(mode=0o600)
        self._config.write_text(json.dumps({"identities": identities}), encoding="utf-8")

    def _start(self) -> None:
        ports = _free_ports(2 * len(_PARTS))
        names = [f"{part}{kind}" for part in _PARTS for kind in ("", ".grpc")]
        self._ports = dict(zip(names, ports, strict=True))
        if self._wanted_port is not None:
            self._ports["s3"] = self._wanted_port
        # The state of the master, by port; it is rebuilt from the volumes.
        for old in self._objects.glob("m[0-9]*"):
            shutil.rmtree(old)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-I", keeper.__file__, *self._command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._server_environment(),
                # Ctrl-C is for this process; the keeper ends with it.
                start_new_session=True,
            )

    def _command(self) -> list[str]:
        options = {
            "dir": self._objects,
            "ip": HOST,
            "ip.bind": HOST,
            **{f"{part}.port": self._ports[part] for part in _PARTS},
            **{f"{part}.port.grpc": self._ports[f"{part}.grpc"] for part in _PARTS},
            "s3": "true",
            "s3.config": self._config,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.autoCreateBucket": "false",
            # Otherwise the start waits for other masters for seconds.
            "master.peers": "none",
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 1024,
            "volume.max": 1000,
            # By default it takes no objects when ordinary users have 1 % of the disk left, even
            # where root could go on. On a disk that is really full, writing fails all the same.
            "volume.minFreeSpace": 0,
        }
        flags = [f"-{name}={value}" for name, value in options.items()]
        return [find_weed(), "-logtostderr=true", "server", *flags]

    def _server_environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("WEED_")}
        # Not the user's configuration of another SeaweedFS; and few volumes per bucket, as each
        # takes time and files.
        return kept | {"HOME": str(self.folder), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "2"}

    def _wait(self) -> bool:
        """Wait until the server responds, and tell whether it does."""
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            if self._answers() and self._stores() and self._knows_the_key():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        """Tell whether the gateway responds and the volume server has registered itself."""
        try:
            _get(self._ports["s3"], "/")
            status = json.loads(_get(self._ports["master"], "/dir/status"))
        except (OSError, http.client.HTTPException, ValueError):
            return False
        return bool(status["Topology"].get("DataCenters"))

    def _stores(self) -> bool:
        """Tell whether the master finds a place for an object, and the volume server takes one."""
        try:
            place = json.loads(_get(self._ports["master"], "/dir/assign"))
            port, path = self._ports["volume"], f"/{place['fid']}"
            return _send("PUT", port, path, b"ready") and _send("DELETE", port, path)
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False

    def _knows_the_key(self) -> bool:
        """Tell whether this server is on the port, and not an earlier one."""
        boto3 = need("boto3", "demo")
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )
        with contextlib.closing(client):
            try:
                client.list_buckets()
            except (BotoCoreError, ClientError):
                return False
        return True

    def _stop(self) -> None:
        if self._process is None:
            return
        # While the server has its ports: later they may be those of another server, which would
        # lose its sockets.
        for port in self._ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its choice
                left.unlink(missing_ok=True)
        # The end of its input makes the keeper kill the server. All confirmed uploads are on the
        # disk by then; a regular shutdown would take 15 seconds.
        self._process.communicate()
        self._process = None

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-_LOG_TAIL:]) or f"its log, {self.log}, is empty."


def find_weed() -> str:
    """Return the path of SeaweedFS's program.

    Raises:
        MissingDependencyError: it isn't installed.
    """
    scripts = sysconfig.get_path("scripts")
    found = shutil.which("weed", path=scripts) or shutil.which("weed")
    if found is None:
        raise MissingDependencyError(
            "SeaweedFS is not installed: install it with: pip install 'autofocus[demo]'."
        )
    return found


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def _get(port: int, path: str) -> bytes:
    return _ask("GET", port, path)[1]


def _send(method: str, port: int, path: str, content: bytes = b"") -> bool:
    return _ask(method, port, path, content)[0] < http.client.BAD_REQUEST


def _ask(method: str, port: int, path: str, content: bytes = b"") -> tuple[int, bytes]:
    # urllib would use a proxy.
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=5)) as connection:
        connection.request(method, path, content)
        answer = connection.getresponse()
        return answer.status, answer.read()
