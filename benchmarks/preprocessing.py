"""preprocess_images against a loop with OpenCV that decodes in full."""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.measure import Comparison, Task, compare, has_files
from benchmarks.results import Note

ROW = "preprocess"
NOTE = Note(
    "OpenCV's loop reads no EXIF data, keeps no ledger, and stops at the first broken file. It "
    "decodes each image in full, with one thread."
)
PHOTOGRAPHS = 80
# 8 megapixels, as many trap cameras have.
SIZE = (3264, 2448)
PEER = Path(__file__).parent / "peers" / "opencv_preprocess.py"


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
    """Measure with one thread and with all cores."""
    photographs, out = folder / "photographs", folder / "out"
    make_photographs(photographs)

    check = has_files(out, "*.JPG", PHOTOGRAPHS)

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    peer = Task(
        "OpenCV, full decoding, one thread",
        [str(peers / "python"), str(PEER), str(photographs), str(out)],
        fresh,
        check=check,
    )
    comparisons = []
    for what, jobs in (("one thread", "1"), ("all cores", "0")):
        ours = Task(
            "autofocus",
            [
                sys.executable, "-m", "autofocus", "preprocess_images", "--indir",
                str(photographs), "--outdir", str(out), "--jobs", jobs,
            ],
            fresh,
            check=check,
        )  # fmt: skip
        name = f"preprocess {PHOTOGRAPHS} photographs of 8 MP, {what}"
        comparisons += compare(name, PHOTOGRAPHS, "photographs", ours, [peer])
    return comparisons
