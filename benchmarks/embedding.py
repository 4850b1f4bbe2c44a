"""Embeddings of JPEG files against the backbone alone, on arrays that are in memory.

python -m benchmarks.embedding WARM IMAGES OUT embeds both folders; prints what the second took.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from autofocus.embed import Embedder
from autofocus.embed_settings import EmbedSettings
from autofocus.features.backbones.base import BATCH
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from benchmarks.labelled import draw
from benchmarks.measure import Comparison, Task, compare, has_files
from benchmarks.results import Note

ROW = "embed"
NOTE = Note(
    "Both have loaded TensorFlow and the backbone before the clock starts. The peer has its "
    "arrays in memory; ours reads each file, takes its digest, decodes and checks it, measures "
    "light and brightness, makes the pixels and a thumbnail, and stores all of it so that it can "
    "go on after a stop.",
    "The floor: decoding, the pixels of the network and the thumbnail take 2.6 CPU ms per image "
    "of 371 x 256 pixels beside the 12 of the embedded backbone, on the same cores: 0.82. "
    "A frozen graph, or one thread for the backbone, gives the same features and saves at most a "
    "tenth of its CPU seconds.",
)
PEER = Path(__file__).parent / "peers" / "backbone_alone.py"
NUMBER, SEQUENCES, SITES = 20 * BATCH, 60, 8


def make_images(folder: Path) -> None:
    """Make preprocessed images of different content, and a few to begin with."""
    data = draw(folder / "sample", SEQUENCES, SITES)
    preprocess_images(data, folder / "small", PreprocessSettings())
    files = sorted((folder / "small").rglob("*.JPG"))
    for number in range(NUMBER + BATCH):
        target = folder / ("warm" if number < BATCH else "images") / f"{number:05d}.JPG"
        target.parent.mkdir(exist_ok=True)
        content = files[number % len(files)].read_bytes()
        # A comment, as equal content is embedded once.
        comment = b"\xff\xfe\x00\x08" + f"{number:06d}".encode()
        target.write_bytes(content[:2] + comment + content[2:])


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure."""
    make_images(folder)
    warm, images, out = (folder / name for name in ("warm", "images", "out"))

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    ours = Task(
        "autofocus",
        [sys.executable, "-m", "benchmarks.embedding", str(warm), str(images), str(out)],
        fresh,
        check=has_files(out / "images", "embeddings.json", 1),
        reports=True,
    )
    peer = Task("the backbone alone", [sys.executable, str(PEER), str(NUMBER)], reports=True)
    what = f"embed {NUMBER} preprocessed photographs"
    return compare(what, NUMBER, "photographs", ours, [peer], by="cpu", goal=0.9)


def main(warm: Path, images: Path, out: Path) -> None:
    """Embed two folders, and print what the second took."""
    embedder = Embedder(EmbedSettings())
    embedder.embed(warm, out / "warm")
    wall, processor = time.perf_counter(), time.process_time()
    embedder.embed(images, out / "images")
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    print(json.dumps(took))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
