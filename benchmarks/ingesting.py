"""ingest_images against download_images and then preprocess_images, from the same server."""

import shutil
import sys
from contextlib import nullcontext
from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
from benchmarks.measure import Comparison, Task, compare, has_files
from benchmarks.preprocessing import PHOTOGRAPHS, make_photographs
from benchmarks.results import Note
from benchmarks.throttle import throttled

ROW = "ingest"
NOTE = Note(
    "The peer is Autofocus itself: both stages one after the other, in one process, as `run` "
    "does with `keep_raw: true`. The server, and the proxy that limits the line, run on the "
    "same cores.",
    "Two stages that take as long as one another gain most, twice at best: a line that is far "
    "faster or far slower than the decoder leaves little to overlap. On loopback there is no "
    "line, and all that is saved is the way over the disk.",
)
BUCKET = "bench"
# Bytes per second of common lines.
LINES = {"1 Gbit/s": 117e6, "400 Mbit/s": 47e6, "loopback": None}
# Each photograph is uploaded under so many keys, as making one takes longer than ingesting it.
COPIES = 3
GOAL = 1.5
IN_A_ROW = """
import sys
from pathlib import Path
from autofocus import download_images, preprocess_images
data, out, bucket = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
download_images(data, bucket)
preprocess_images(data, out)
"""


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of other rows
    """Measure with lines of several speeds."""
    objects, data, out = folder / "objects", folder / "data", folder / "out"
    make_photographs(objects / "0")
    for number in range(1, COPIES):
        shutil.copytree(objects / "0", objects / str(number))
    images = COPIES * PHOTOGRAPHS

    def fresh() -> None:
        for each in (data, out):
            shutil.rmtree(each, ignore_errors=True)

    comparisons = []
    with LocalS3Server(folder / "server") as server:
        with server.as_default():
            upload_folder(objects, BUCKET)
        for line, speed in LINES.items():
            address = server.endpoint_url
            with throttled(address, speed) if speed else nullcontext(address) as endpoint:
                given = {**server.environment, "AWS_ENDPOINT_URL": endpoint}
                environment = tuple(given.items())
                check = has_files(out, "*.JPG", images)
                where = ["--local-folder", str(data), "--bucket", BUCKET, "--outdir", str(out)]
                command = [sys.executable, "-m", "autofocus", "ingest_images", *where]
                two = [sys.executable, "-c", IN_A_ROW, str(data), str(out), BUCKET]
                comparisons += compare(
                    f"ingest {images} images of 8 MP, {line}",
                    images,
                    "images",
                    Task("autofocus ingest_images", command, fresh, environment, check),
                    [Task("both stages in a row", two, fresh, environment, check)],
                    goal=GOAL,
                )
    return comparisons
