"""Labelling against a plain loop: `python -m benchmarks.predicting` writes PREDICTING.md.

Both are whole commands, the start of TensorFlow included; the loop decodes a batch, then asks the
network, and so on. Besides, how much memory ours takes for few photographs and for many; and how
long large raw photographs take, against decoding alone and the backbone alone.

python -m benchmarks.predicting MODEL WARM IMAGES OUT labels both folders; prints what the second
took.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus import __version__
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation, Trim
from autofocus.predict import predict
from autofocus.retrain import retrain
from autofocus.runs.parallel import cores
from benchmarks import preprocessing
from benchmarks.labelled import draw, link
from benchmarks.measure import (
    Comparison,
    Task,
    compare,
    has_lines,
    machine,
    publish,
)
from benchmarks.results import Note, table

ROW = "predict"
NOTE = Note(
    "The plain loop decodes a batch with Pillow, then asks the same network, one after the other; "
    "it keeps no ledger, finds no sequences and can't go on after a stop. On photographs of 8 MP "
    "the peer is the slower of two that do nothing else: decode at an eighth of the size, as ours "
    "does, with a thread per core; or the backbone, on arrays in memory.",
    "The floor for photographs of 8 MP on processors: both take the same cores, one after the "
    "other: half of the rate of each, if they are equally fast. "
    "Besides, about a fifth of our CPU seconds goes into resizing, light and brightness, and "
    "encoding what was resized, by which images of the training are recognised.",
)
PEERS = Path(__file__).parent / "peers"
PEER = PEERS / "plain_predict.py"
SEQUENCES, SITES, SIDE, RUNS = 100, 8, 256, 3
FEW, MANY, RAW = 300, 3000, 1500
# Copies of the photographs of 8 MP, so that their number is that of whole batches.
COPIES = 8
# Runs a command, and tells the most memory that it had, in KiB.
MEMORY = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

TEXT = """# Speed of prediction

Whole commands, start of the interpreter and of TensorFlow included, on {machine}, Python {python},
Autofocus {version}, embedded backbone efficientnet-lite0, synthetic photographs 1280 pixels wide.
The plain loop decodes a batch with Pillow, then asks the same network, one after the other; it
keeps no ledger, finds no sequences and can't go on after a stop. Run in turn (A B A B …), {runs}
counted runs after one that wasn't; a ratio above 1 says that Autofocus was faster. `python -m
benchmarks.predicting` gives this text anew.

{table}

The most memory of `autofocus predict` on preprocessed photographs: {few_mb:,.0f} MB with {few:,},
{many_mb:,.0f} MB with {many:,}.
"""


@dataclass(frozen=True)
class _Bench:
    """Where the measurements are made.

    Attributes:
        folder: for what is written.
        model: the trained model.
    """

    folder: Path
    model: Path

    def ours(self, photographs: Path) -> list[str]:
        """Return our command line."""
        return [
            sys.executable, "-m", "autofocus", "predict", "--saved_model_dir", str(self.model),
            "--indir", str(photographs), "--outpath", str(self.folder / "out" / "labels.csv"),
        ]  # fmt: skip

    def fresh(self) -> None:
        """Forget what was labelled."""
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        (self.folder / "out").mkdir()

    def compare(self, what: str, photographs: Path, preparation: Sequence[Trim]) -> Comparison:
        """Measure both on the same photographs."""
        number = _count(photographs)
        theirs = [
            sys.executable, str(PEER), str(self.model), str(photographs),
            str(self.folder / "out" / "plain.csv"), *map(str, preparation),
        ]  # fmt: skip
        (found,) = compare(
            f"label {number:,} {what}",
            number,
            "photographs",
            Task("autofocus", self.ours(photographs), self.fresh),
            [Task("a plain loop", theirs, self.fresh)],
            RUNS,
        )
        return found

    def megabytes(self, photographs: Path) -> float:
        """Return the most memory that ours takes."""
        self.fresh()
        command = [sys.executable, "-c", MEMORY, *self.ours(photographs)]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        return int(told.stdout) * 1024 / 1e6


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.JPG"))


def _multiply(photographs: Path, names: Sequence[Path], folder: Path, number: int) -> Path:
    """Make a folder of so many photographs, some of them several times."""
    for place in range(number):
        name = names[place % len(names)]
        target = folder / f"copy{place // len(names)}" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(photographs / name, target)
    if (photographs / PREPARATION_NAME).is_file():
        shutil.copyfile(photographs / PREPARATION_NAME, folder / PREPARATION_NAME)
    return folder


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure on preprocessed and on raw photographs."""
    return [*_run(folder)[1], _compare_large(folder)]


def _compare_large(folder: Path) -> Comparison:
    """Compare large raw photographs with the slower of decoding and the backbone, each alone."""
    warm, images, out = (folder / name for name in ("warm", "large", "out"))
    preprocessing.make_photographs(images)
    for path in sorted(images.iterdir()):
        for copy in range(1, COPIES):
            path.with_name(f"{copy}-{path.name}").hardlink_to(path)
    number = _count(images)
    warm.mkdir()
    shutil.copy(next(images.iterdir()), warm)
    labels = out / "large" / "labels.csv"

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    script = [sys.executable, "-m", "benchmarks.predicting"]
    ours = Task(
        "autofocus",
        [*script, *map(str, (folder / "model", warm, images, labels))],
        fresh,
        check=has_lines(labels, number + 1),
        reports=True,
    )
    jpeg = [sys.executable, str(PEERS / "simplejpeg_decode.py"), str(images), str(cores())]
    backbone = [sys.executable, str(PEERS / "backbone_alone.py"), str(number)]
    alone = [
        Task("decoding alone", jpeg),
        Task("the backbone alone", backbone, reports=True),
    ]
    what = f"label {number} raw photographs of 8 MP"
    compared = compare(what, number, "photographs", ours, alone, RUNS, goal=0.85)
    # The slower one took longer, per pair.
    return max(compared, key=lambda one: one.ratio)


def label(model: Path, warm: Path, images: Path, out: Path) -> None:
    """Label two folders, and print what the second took."""
    for folder, labels in ((warm, out.parent.parent / "warm.csv"), (images, out)):
        labels.parent.mkdir(parents=True, exist_ok=True)
        wall, processor = time.perf_counter(), time.process_time()
        predict(model, folder, labels)
        took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    print(json.dumps(took))


def _run(folder: Path) -> tuple[_Bench, list[Comparison]]:
    data = draw(folder / "sample", SEQUENCES, SITES)
    links = link(data, folder / "small", SIDE)
    retrain(links, folder / "model")
    bench = _Bench(folder, folder / "model")
    preprocessed = folder / "small" / "preprocessed"
    # Those that were preprocessed can be read, which the plain loop needs.
    names = sorted(path.relative_to(preprocessed) for path in preprocessed.rglob("*.JPG"))
    _multiply(preprocessed, names, folder / "few", FEW)
    many = _multiply(preprocessed, names, folder / "many", MANY)
    raw = _multiply(data, names, folder / "raw", RAW)
    return bench, [
        bench.compare("preprocessed photographs", many, (0, 0)),
        bench.compare("raw photographs", raw, (Preparation().trim_bottom, SIDE)),
    ]


def measure(folder: Path) -> str:
    """Measure, and return the text."""
    bench, comparisons = _run(folder)
    return TEXT.format(
        machine=machine(),
        python=platform.python_version(),
        version=__version__,
        runs=RUNS,
        table=table(comparisons),
        few=FEW,
        few_mb=bench.megabytes(folder / "few"),
        many=MANY,
        many_mb=bench.megabytes(folder / "many"),
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        label(*map(Path, sys.argv[1:]))
    else:
        raise SystemExit(publish("PREDICTING.md", measure))
