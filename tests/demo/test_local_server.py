"""Tests of the local S3 server: safe, lasting, and gone in the end."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import UploadResult, upload_folder
from autofocus.errors import MissingDependencyError, StoreError
from tests.demo.test_uploading import make_folder


def answers(endpoint: str) -> bool:
    """Tell whether somebody listens at an address."""
    url = urlsplit(endpoint)
    with socket.socket() as probe:
        return probe.connect_ex((url.hostname, url.port)) == 0


def listening_addresses(folder: Path) -> set[str]:
    """Return the addresses, as the kernel writes them, on which a folder's server listens."""
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        command = (process / "cmdline").read_bytes().split(b"\0") if process.exists() else []
        if (
            command[:1]
            and command[0].endswith(b"weed")
            and str(folder).encode() in b" ".join(command)
        ):
            for link in (process / "fd").iterdir():
                inodes |= set(re.findall(r"socket:\[(\d+)\]", str(link.readlink())))
    rows = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes}


def test_objects_outlive_the_server(tmp_path: Path) -> None:
    """What was stored is there at the next start, on another port and with other keys."""
    folder = make_folder(tmp_path / "files")
    with LocalS3Server(tmp_path / "server") as server, server.as_default():
        assert upload_folder(folder, "bucket") == UploadResult(2, 0)
    assert not answers(server.endpoint_url)
    with LocalS3Server(tmp_path / "server") as again, again.as_default():
        assert upload_folder(folder, "bucket") == UploadResult(0, 2)
    assert again.secret_key != server.secret_key


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 200 MB of which less than 1 % is free."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        with (disk / "others").open("wb") as others:
            os.posix_fallocate(others.fileno(), 0, (200 << 20) - (3 << 19))
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_last_percent_of_a_disk_is_used(small_disk: Path, tmp_path: Path) -> None:
    """A server on a disk that is nearly full takes objects, as long as they fit."""
    folder = make_folder(tmp_path / "files")
    with LocalS3Server(small_disk / "server") as server, server.as_default():
        assert upload_folder(folder, "bucket") == UploadResult(2, 0)


def test_sockets_are_removed_while_their_ports_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that stops can't remove the sockets of one that gets its ports next."""
    left: list[list[Path]] = []
    sockets: list[Path] = []
    communicate = subprocess.Popen.communicate

    def look_and_stop(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        left.append([path for path in sockets if path.exists()])
        return communicate(process)

    monkeypatch.setattr(subprocess.Popen, "communicate", look_and_stop)
    with LocalS3Server(tmp_path / "server") as server:
        text = (tmp_path / "server" / "server.log").read_text()
        sockets += map(Path, re.findall(r"Unix socket (/tmp/\S+\.sock)", text))
        assert sockets
        assert answers(server.endpoint_url)
    assert left == [[]]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_the_server_listens_on_this_machine_alone(s3_server: LocalS3Server) -> None:
    """Not one of the server's ports is open to other machines."""
    assert listening_addresses(s3_server.folder) == {"0100007F"}


def test_the_environment_is_as_before_afterwards(
    s3_server: LocalS3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`as_default` hides other access to S3 while it lasts, and no longer."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    before = dict(os.environ)
    with s3_server.as_default():
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_ENDPOINT_URL"] == s3_server.endpoint_url
    assert dict(os.environ) == before


def test_the_server_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Killed with -9, the process that started a server leaves none behind."""
    script = (
        "import sys, time; from pathlib import Path\n"
        "from autofocus.demo.local_server import LocalS3Server\n"
        "with LocalS3Server(Path(sys.argv[1])) as server:\n"
        "    print(server.endpoint_url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        assert answers(endpoint)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while answers(endpoint) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(endpoint)


def test_a_taken_port_is_told(s3_server: LocalS3Server, tmp_path: Path) -> None:
    """A port that is in use ends the start with the server's own last words."""
    port = urlsplit(s3_server.endpoint_url).port
    with pytest.raises(StoreError, match="address already in use"), LocalS3Server(tmp_path, port):
        pass


def test_a_missing_server_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SeaweedFS isn't installed, the error says how to."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(MissingDependencyError, match="autofocus\\[demo\\]"):
        LocalS3Server(tmp_path).__enter__()
