"""What attacks on downloads share: a bucket behind a faulty proxy, and what must hold."""

import contextlib
import hashlib
import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import boto3

from autofocus.cli import main
from autofocus.demo.local_server import LocalS3Server
from autofocus.errors import ExitStatus
from autofocus.runs.ledger import LEDGER_NAME, Row, read_ledger
from autofocus.runs.workspace import HIDDEN
from autofocus.store import patience, transfer
from tests.attack.faulty_s3 import Fault, FaultyS3, no_fault

BUCKET = "attacked"
COMMAND = "download_images"
_STATUSES = {
    ExitStatus.SUCCESS,
    ExitStatus.INPUT,
    ExitStatus.TOO_MANY_REJECTED,
    ExitStatus.ENVIRONMENT,
}


def contents(number: int = 9) -> dict[str, bytes]:
    """Return the objects of the bucket: some images, a table, and an empty file."""
    objects = {
        f"site{index % 2}/IMG_{index:04d}.JPG": hashlib.sha256(bytes([index])).digest() * 50
        for index in range(number)
    }
    return {**objects, "detections.csv": b"a,b\n1,2\n", "site0/empty.csv": b""}


@dataclass(frozen=True)
class Store:
    """A real server with a bucket, and the proxy in front of it.

    Attributes:
        proxy: in front of the server.
        objects: what the bucket holds.
    """

    proxy: FaultyS3
    objects: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def store(folder: Path, objects: Mapping[str, bytes]) -> Iterator[Store]:
    """Serve a bucket behind a proxy; downloads wait for little meanwhile.

    Args:
        folder: for the server's data.
        objects: what the bucket holds.
    """
    with (
        LocalS3Server(folder / "server") as server,
        server.as_default(),
        mock.patch.object(patience, "FIRST_WAIT_S", 0.02),
        mock.patch.object(patience, "LONGEST_WAIT_S", 0.2),
        mock.patch.object(transfer, "PAUSES", (0.01, 0.01)),
    ):
        client = boto3.Session().client("s3")
        client.create_bucket(Bucket=BUCKET)
        for key, content in objects.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=content)
        client.close()
        with FaultyS3(server.endpoint_url).serving() as proxy:
            yield Store(proxy, dict(objects))


@dataclass(frozen=True)
class Result:
    """What came of a download.

    Attributes:
        status: its exit status.
        said: on standard error.
        printed: on standard output.
        rows: of the ledger, by key; empty without a ledger.
    """

    status: int
    said: str
    printed: str
    rows: dict[str, Row]

    def arrived(self) -> dict[str, Row]:
        """Return the rows of objects that are there."""
        return {key: row for key, row in self.rows.items() if row.reason is None}

    def reasons(self) -> dict[str, str]:
        """Return why objects were rejected, by key."""
        return {key: row.reason.value for key, row in self.rows.items() if row.reason}


def download(store: Store, folder: Path, fault: Fault = no_fault, *words: str) -> Result:
    """Download the bucket while the proxy has a fault.

    Args:
        store: the bucket.
        folder: the local folder.
        fault: of the proxy.
        words: further options.
    """
    store.proxy.begin(fault)
    said, printed = io.StringIO(), io.StringIO()
    options = ["--local-folder", str(folder), "--bucket", BUCKET]
    options += ["--endpoint-url", store.proxy.endpoint_url, "--patience", "1", "--jobs", "8"]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        try:
            status = main([COMMAND, *options, *words])
        except SystemExit as stop:
            status = int(stop.code or 0)
    ledger = folder / LEDGER_NAME
    rows = {row.input: row for _, row in read_ledger(ledger)} if ledger.is_file() else {}
    return Result(status, said.getvalue(), printed.getvalue(), rows)


def files(folder: Path) -> dict[str, bytes]:
    """Return the visible files of a folder, without the ledger."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and HIDDEN not in path.parts and path != folder / LEDGER_NAME
    }


def find_problem(result: Result, folder: Path, objects: Mapping[str, bytes]) -> str:
    """Return what is wrong whatever the fault was; empty if nothing is.

    Args:
        result: of the download.
        folder: the local folder.
        objects: what the server holds.
    """
    return (
        _problem_of_end(result)
        or _problem_of_files(result, folder, objects)
        or _problem_of_rows(result, objects)
    )


def _problem_of_end(result: Result) -> str:
    last = result.said.strip().splitlines()[-1:] or [""]
    if "Traceback" in result.said:
        return f"a traceback: {last[0]}"
    if result.status not in _STATUSES:
        return f"the exit status is {result.status}: {last[0]}"
    if result.status and not last[0].startswith(f"autofocus {COMMAND}: error: "):
        return f"the last line is no error: {last[0]!r}"
    return ""


def _problem_of_files(result: Result, folder: Path, objects: Mapping[str, bytes]) -> str:
    there = files(folder) if folder.is_dir() else {}
    wrong = [name for name, content in there.items() if objects.get(name) != content]
    if wrong:
        return f"{wrong} are there with other bytes than the objects"
    missing = [key for key, row in result.arrived().items() if row.output not in there]
    return f"{missing} are said to be there, and are not" if missing else ""


def _problem_of_rows(result: Result, objects: Mapping[str, bytes]) -> str:
    if result.status == ExitStatus.SUCCESS and set(result.rows) != set(objects):
        return f"{len(result.rows)} of {len(objects)} objects have a row"
    return ""


def find_lasting_problem(store: Store, folder: Path) -> str:
    """Return what is wrong when the same command is given again without a fault."""
    healed = download(store, folder)
    if healed.status or healed.reasons() or files(folder) != store.objects:
        return f"the next run does not heal it: {healed.status} {healed.reasons()} {healed.said}"
    return ""


def find_idle_problem(store: Store, folder: Path) -> str:
    """Return what is wrong when nothing is left to do."""
    again = download(store, folder)
    if again.status or any(row.status.value != "reused" for row in again.rows.values()):
        return "a run without changes does something"
    return ""


def remove(folder: Path) -> None:
    """Remove a local folder."""
    shutil.rmtree(folder, ignore_errors=True)
