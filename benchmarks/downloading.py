"""download_images against s5cmd and `aws s3 sync`, all from the same local server."""

import os
import shutil
import sys
from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
from benchmarks.measure import Comparison, Task, compare, has_files
from benchmarks.results import Note

ROW = "download"
NOTE = Note(
    "s5cmd and `aws s3 sync` keep no ledger; s5cmd does not verify checksums. All start with "
    "nothing on the disk."
)
OBJECTS = 3_000
BYTES = 60_000
BUCKET = "bench"


def run(folder: Path, peers: Path) -> list[Comparison]:
    """Measure a fresh download of many small objects."""
    source, out = folder / "objects", folder / "out"
    for number in range(OBJECTS):
        path = source / f"site{number % 30:02d}" / f"{number:05d}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(BYTES))

    check = has_files(out, "*.JPG", OBJECTS)

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    with LocalS3Server(folder / "server") as server:
        with server.as_default():
            upload_folder(source, BUCKET)
        environment = tuple(server.environment.items())
        ours = Task(
            "autofocus",
            [
                sys.executable, "-m", "autofocus", "download_images", "--local_folder", str(out),
                "--bucket", BUCKET,
            ],
            fresh,
            environment,
            check,
        )  # fmt: skip
        s5cmd = Task(
            "s5cmd",
            [
                str(peers / "s5cmd"), "--endpoint-url", server.endpoint_url, "cp",
                f"s3://{BUCKET}/*", f"{out}/",
            ],
            fresh,
            environment,
            check,
        )  # fmt: skip
        sync = Task(
            "aws s3 sync",
            [
                str(peers / "aws"),
                "s3",
                "sync",
                f"s3://{BUCKET}",
                str(out),
                "--only-show-errors",
            ],
            fresh,
            environment,
            check,
        )
        what = f"download {OBJECTS:,} objects of {BYTES // 1000} KB, fresh, verified"
        return compare(what, OBJECTS, "objects", ours, [s5cmd, sync])
