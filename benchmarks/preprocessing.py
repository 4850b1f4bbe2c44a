"""preprocess_images against OpenCV's full decoding, and against scaled decoding alone."""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.measure import By, Comparison, Measurement, Task, has_files, measure_in_turn
from benchmarks.results import Note

ROW = "preprocess"
NOTE = Note(
    "OpenCV's loop reads no EXIF data, keeps no ledger, and stops at the first broken file. It "
    "decodes each image in full, with one thread. simplejpeg's loop decodes at an eighth of the "
    "size and does nothing else; ours checks each file for damage, resizes, measures, encodes, "
    "flushes to disk and records.",
    "The floor: of 17 CPU ms per photograph 13.3 are the same decoding; 1.6 take Pillow's bicubic "
    "resizing and 0.4 encoding, whose bytes must stay the same; about 0.4 measuring "
    "light and brightness, 0.2 reading the file and 0.2 looking for runs of zeros in it. Two "
    "threads share no work at the start of the interpreter and its libraries.",
)
PHOTOGRAPHS, COPIES = 60, 4
# 8 megapixels, as many trap cameras have.
SIZE = (3264, 2448)
PEERS = Path(__file__).parent / "peers"
OPENCV, BOUND = PEERS / "opencv_preprocess.py", PEERS / "simplejpeg_decode.py"


def make_photographs(folder: Path) -> None:
    """Make JPEGs with about as much detail as a photograph's: blurred noise on several scales."""
    folder.mkdir(parents=True)
    for number in range(PHOTOGRAPHS):
        random = np.random.default_rng(number)
        scene = Image.new("RGB", SIZE, (110, 120, 90))
        for side, blur in ((40, 8), (300, 3), (1600, 1)):
            noise = random.integers(60, 190, (side * 3 // 4, side, 3)).astype(np.uint8)
            layer = Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)
            scene = Image.blend(scene, layer.filter(ImageFilter.GaussianBlur(blur)), 0.4)
        scene.save(folder / f"{number:04d}.JPG", quality=88)


def run(folder: Path, peers: Path) -> list[Comparison]:
    """Measure with one thread and with all cores, and one against the other."""
    photographs, out = folder / "photographs", folder / "out"
    make_photographs(photographs)
    for path in sorted(photographs.iterdir()):
        for copy in range(1, COPIES):
            path.with_name(f"{copy}-{path.name}").hardlink_to(path)
    number = COPIES * PHOTOGRAPHS
    check = has_files(out, "*.JPG", number)

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    def ours(jobs: int) -> Task:
        command = [
            sys.executable, "-m", "autofocus", "preprocess_images", "--indir", str(photographs),
            "--outdir", str(out), "--jobs", str(jobs),
        ]  # fmt: skip
        name = "autofocus" if jobs == 1 else "autofocus, two threads"
        return Task(name, command, fresh, check=check)

    full = [str(peers / "python"), str(OPENCV), str(photographs), str(out)]
    bound = [sys.executable, str(BOUND), str(photographs), "1"]
    what = f"preprocess {number} photographs of 8 MP"
    one, two = ours(1), ours(2)
    opencv = Task("OpenCV, full decoding", full, fresh, check=check)
    scaled = Task("simplejpeg, scaled decoding alone", bound)
    measured = measure_in_turn(what, [one, two, opencv, scaled])

    def against(name: str, mine: Task, peer: Task, by: By, goal: float) -> Comparison:
        runs = measured[mine.name], measured[peer.name]
        return Comparison(f"{what}, {name}", number, "photographs", *_named(runs, peer), by, goal)

    return [
        against("per core", one, opencv, "cpu", 3.0),
        against("per core", one, scaled, "cpu", 0.8),
        against("two threads", two, one, "wall", 1.85),
    ]


def _named(
    runs: tuple[tuple[Measurement, ...], tuple[Measurement, ...]], peer: Task
) -> tuple[tuple[Measurement, ...], str, tuple[Measurement, ...]]:
    name = "autofocus, one thread" if peer.name == "autofocus" else peer.name
    return runs[0], name, runs[1]
