"""download_images against s5cmd, `aws s3 sync` and bare obstore, from the same local server."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
from benchmarks.measure import Comparison, Task, compare, has_files
from benchmarks.results import Note

ROW = "download"
NOTE = Note(
    "s5cmd and bare obstore verify no checksums, and none of the peers keeps a ledger, can tell "
    "after a power cut which files are whole, or flushes files to the disk (fsync). The row "
    "against Autofocus without fsync says what flushing costs. The server runs on the same cores "
    "as the clients. All start with nothing on the disk, in a folder of their own: for a minute "
    "after files are deleted, ext4 is slow to make new ones. Autofocus fetches with obstore, too. "
    "Beside bare obstore's CPU seconds it needs 0.35 to 0.45 to start, mostly for botocore, which "
    "finds credentials and region as for everyone and checks the listing; 0.35 for the MD5 of 180 "
    "to 204 MB; 0.2 to 0.4 to flush 3,000 files; and 0.13 ms of Python for each object, for its "
    "checks, the journal, the ledger and renaming. With MD5, flushing and renaming alone, a loop "
    "around obstore takes 1.5 times the CPU seconds of the bare one for 3,000 small objects."
)
# How much faster than s5cmd and `aws s3 sync`; which share of bare obstore's speed; what is
# allowed for flushing, and for downloading once more what is there.
GOAL, BARE_GOAL, UNSYNCED_GOAL, AGAIN_GOAL = 1.25, 0.8, 0.8, 1 / 0.15
BARE = Path(__file__).parent / "peers" / "bare_obstore.py"
WITHOUT_FSYNC = "import os; os.fsync = lambda _: None; from autofocus.cli import main; main()"


@dataclass(frozen=True)
class Objects:
    """The objects of a bucket, all of the same size.

    Attributes:
        bucket: its name.
        number: how many objects there are.
        size: of each, in bytes.
    """

    bucket: str
    number: int
    size: int

    def __str__(self) -> str:
        """Return their number and size."""
        return f"{self.number:,} objects of {self.size / 1e6:g} MB"

    def make(self, folder: Path) -> Path:
        """Write random files, spread over folders, and return their folder."""
        for number in range(self.number):
            path = folder / f"site{number % 30:02d}" / f"{number:05d}.JPG"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(self.size))
        return folder


ALL = (Objects("small", 3_000, 60_000), Objects("large", 120, 1_700_000))


def run(folder: Path, peers: Path) -> list[Comparison]:
    """Measure fresh downloads of many small and of some larger objects, and a second one."""
    comparisons = []
    with LocalS3Server(folder / "server") as server:
        for objects in ALL:
            with server.as_default():
                upload_folder(objects.make(folder / objects.bucket / "source"), objects.bucket)
            commands = _Commands(objects, folder / objects.bucket, peers, server)
            comparisons += commands.compare()
    return comparisons


@dataclass(frozen=True)
class _Commands:
    """The commands that download the same objects."""

    objects: Objects
    folder: Path
    peers: Path
    server: LocalS3Server

    def compare(self) -> list[Comparison]:
        bucket, endpoint = self.objects.bucket, self.server.endpoint_url
        module = ["-m", "autofocus"]
        ours, again = self._ours("autofocus", module), self._ours("again", module)
        again = replace(again, prepare=lambda: None)
        unsynced = self._ours("Autofocus without fsync", ["-c", WITHOUT_FSYNC])
        s5cmd = [
            str(self.peers / "s5cmd"), "--endpoint-url", endpoint, "cp", f"s3://{bucket}/*",
            f"{self._out}/",
        ]  # fmt: skip
        sync = [
            str(self.peers / "aws"), "s3", "sync", f"s3://{bucket}", str(self._out),
            "--only-show-errors",
        ]  # fmt: skip
        bare = [sys.executable, str(BARE), bucket, str(self._out)]
        tasks = [
            self._task("s5cmd", s5cmd),
            self._task("aws s3 sync", sync),
            self._task("bare obstore", bare),
            unsynced,
        ]
        goals = [GOAL, GOAL, BARE_GOAL, UNSYNCED_GOAL]
        what = f"download {self.objects}, fresh, verified"
        fresh = compare(what, self.objects.number, "objects", ours, tasks)
        second = compare(
            f"download {self.objects} that are there",
            self.objects.number,
            "objects",
            again,
            [replace(ours, name="the first download")],
            goal=AGAIN_GOAL,
        )
        self._remove_earlier()
        return [
            *(replace(one, goal=goal) for one, goal in zip(fresh, goals, strict=True)),
            *second,
        ]

    @property
    def _out(self) -> Path:
        return self.folder / "out"

    def _ours(self, name: str, interpreter: list[str]) -> Task:
        options = ["--local_folder", str(self._out), "--bucket", self.objects.bucket]
        return self._task(name, [sys.executable, *interpreter, "download_images", *options])

    def _task(self, name: str, command: list[str]) -> Task:
        return Task(
            name,
            command,
            self._set_aside(),
            tuple(self.server.environment.items()),
            has_files(self._out, "*.JPG", self.objects.number),
        )

    def _remove_earlier(self) -> None:
        """Delete what was set aside, which takes 6 GB; the round after it isn't counted."""
        shutil.rmtree(self.folder / "earlier")

    def _set_aside(self) -> Callable[[], None]:
        """Return what moves the files of an earlier run away, as deleting them has effects."""

        def prepare() -> None:
            earlier = self.folder / "earlier"
            earlier.mkdir(exist_ok=True)
            if self._out.exists():
                self._out.rename(earlier / str(len(list(earlier.iterdir()))))

        return prepare
