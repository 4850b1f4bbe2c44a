"""How long each stage takes for an image, how much memory, and how many bytes it hands on.

`python -m benchmarks.cost --measure` measures it here and writes rates.json. Each command runs
with few and with many inputs, and the difference between both is what an image takes: the start of
the interpreter and of TensorFlow is measured apart. Processor seconds are counted, which are
nearly the same on a busy machine.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from autofocus import __version__
from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.uploading import upload_folder
from benchmarks import preprocessing, tables
from benchmarks.head_stream import STREAMED, in_process
from benchmarks.labelled import draw, link
from benchmarks.measure import machine

RATES = Path(__file__).parent / "rates.json"
BUCKET = "rates"
PARTS = ("images", "tables", "publishing", "others")
# Numbers of inputs: images, rows of tables, feature vectors, listed objects.
FEW_IMAGES, FEW_ROWS, MANY_ROWS = 16, 20_000, 220_000
# From fewer images, nobody can tell what one takes of memory.
ENOUGH = 100
FEW_VECTORS, MANY_VECTORS = 4_000, 16_000
FEW_FITTED, MANY_FITTED = 10_000, 40_000
FEW_OBJECTS, MANY_OBJECTS = 50_000, 550_000
SEQUENCES, SITES = 24, 8
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
# Runs a command, and tells its processor time (s) and the most memory that it had (KiB).
USAGE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
if done.returncode:
    sys.exit(done.stderr[-2000:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""
LISTING = """
import hashlib, sys
from autofocus.store.listing import StoredObject
number = int(sys.argv[1])
objects = [
    StoredObject(f"lpz_data/images/{n // 3000:06}/IMG_{n:09}.JPG", n, hashlib.md5(b"%d" % n)
    .hexdigest(), "".join(["STAND", "ARD"])) for n in range(number)
]
"""
HEADER = "filepath,label,score,status,decision,sequence,sequence_label,sequence_score\n"
ROW = "accept,s{0}@2016-07-05T11:00:00,raccoon,0.9876\n"


@dataclass
class Rates:
    """What was measured.

    Attributes:
        machine: the machine, in words.
        python: the version of Python.
        autofocus: the version of Autofocus.
        load: the load of the machine when it was measured.
        seconds: processor seconds per image, by stage.
        start: processor seconds of a stage with no images.
        sizes: bytes per image, by what is stored.
        memory: bytes of memory per image, by what holds it.
    """

    machine: str
    python: str
    autofocus: str
    load: float
    seconds: dict[str, float] = field(default_factory=dict)
    start: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, runs: "Sequence[Usage]") -> None:
        """Record what a stage takes, from a run with few inputs and one with many."""
        few, many = runs
        number = many.inputs - few.inputs
        self.seconds[name] = _rounded(max(0.0, many.seconds - few.seconds) / number)
        self.start[name] = _rounded(max(0.0, few.seconds - few.inputs * self.seconds[name]))
        if number >= ENOUGH:
            self.memory[name] = _rounded(max(0.0, many.memory - few.memory) / number)


@dataclass(frozen=True)
class Usage:
    """What a command took.

    Attributes:
        inputs: the number of its inputs.
        seconds: processor time (s).
        memory: the most memory (bytes).
    """

    inputs: int
    seconds: float
    memory: float


def read_rates(path: Path = RATES) -> Rates:
    """Read what was measured."""
    return Rates(**json.loads(path.read_text(encoding="utf-8")))


def measure_rates(parts: Sequence[str] = PARTS) -> Rates:
    """Measure all stages, or some parts of them, and write the file."""
    rates = Rates(machine(), platform.python_version(), __version__, round(os.getloadavg()[0], 1))
    if set(parts) < set(PARTS):
        before = read_rates()
        rates = replace(before, load=max(rates.load, before.load))
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), rates)
        for part in parts:
            getattr(bench, part)()
    RATES.write_text(json.dumps(asdict(rates), indent=2) + "\n", encoding="utf-8")
    return rates


@dataclass(frozen=True)
class _Bench:
    """Measures one stage after the other.

    Attributes:
        folder: for what is written.
        rates: where the results go.
    """

    folder: Path
    rates: Rates

    def images(self) -> None:
        """Measure what works on images."""
        many = self.folder / "originals" / "many"
        preprocessing.make_photographs(many)
        few = many.with_name("few")
        few.mkdir()
        for path in sorted(many.iterdir())[:FEW_IMAGES]:
            shutil.copyfile(path, few / path.name)
        self.rates.sizes["original"] = _size(many) / _count(many)
        self._download(many.parent)
        prepared = self.folder / "prepared"
        given = {name: ("--indir", many.with_name(name)) for name in ("few", "many")}
        self._pair("preprocess", "preprocess_images", "--outdir", prepared, inputs=given)
        self.rates.sizes["prepared"] = _size(prepared / "many", "*.JPG") / _count(many)
        given = {name: ("--image-dir", prepared / name) for name in ("few", "many")}
        embeddings = self.folder / "embeddings"
        self._pair("embed", "embed", "--outdir", embeddings, inputs=given)
        sizes = [_size(embeddings / name) for name in ("few", "many")]
        self.rates.sizes["embeddings"] = (sizes[1] - sizes[0]) / (_count(many) - FEW_IMAGES)
        model = self._model()
        given = {name: ("--indir", prepared / name) for name in ("few", "many")}
        options = ("predict", "--saved-model-dir", model, "--outpath", self.folder / "labels")
        self._pair("predict", *options, inputs=given)

    def _download(self, source: Path) -> None:
        with LocalS3Server(self.folder / "server") as server:
            with server.as_default():
                upload_folder(source, BUCKET)
            runs = []
            for name in ("few", "many"):
                words = ("download_images", "--bucket", BUCKET, "--prefix", f"{name}/",
                         "--local-folder", self.folder / f"data-{name}")  # fmt: skip
                number = _count(source / name)
                runs.append(_run(number, _autofocus(*words), server.environment))
        self.rates.add("download", runs)

    def _pair(self, name: str, *words: object, inputs: Mapping[str, Sequence[object]]) -> None:
        """Measure a stage, one thread, with few and with many images.

        Args:
            name: of the stage.
            words: of the command; the last one is the folder below which the outputs are.
            inputs: the words that name the inputs, the last one of which is their folder.
        """
        *command, out = words
        runs = []
        for size, given in inputs.items():
            path = Path(str(out)) / size
            path = path / "labels.csv" if name == "predict" else path
            path.parent.mkdir(parents=True, exist_ok=True)
            number = _count(Path(str(given[1])))
            runs.append(_run(number, _autofocus(*command, path, *given, "--jobs", 1)))
        self.rates.add(name, runs)

    def _model(self) -> Path:
        links = link(draw(self.folder / "sample", SEQUENCES, SITES), self.folder / "small", 256)
        model = self.folder / "model"
        store = {"MLFLOW_TRACKING_URI": f"sqlite:///{self.folder}/mlflow.db"}
        words = ("retrain", "--image-dir", links, "--saved-model-dir", model)
        _run(0, _autofocus(*words), store)
        return model

    def tables(self) -> None:
        """Measure cleaning and linking, which work on rows."""
        cleaned, linked = [], []
        for number in (FEW_ROWS, MANY_ROWS):
            folder = self.folder / f"rows-{number}"
            detections, properties = tables.make_tables(folder, number)
            clean = folder / "out" / "clean.csv"
            clean.parent.mkdir()
            images = ("--image-dir", properties.parent, "--image-properties", properties)
            words = ("clean_detections", "--detections", detections, *images, "--outpath", clean)
            cleaned.append(_run(number, _autofocus(*words)))
            link_words = ("link_images_by_label", "--links-only", "--detections-path", clean)
            linked.append(_run(number, _autofocus(*link_words, "--outdir", folder / "links")))
        self.rates.add("clean", cleaned)
        self.rates.add("link", linked)
        self.rates.sizes["tables"] = (_size(folder, "*.csv") - _size(folder / "links")) / number

    def publishing(self) -> None:
        """Measure merging and uploading labels."""
        runs = []
        some = self.folder / "some"
        some.mkdir()
        (some / "1.JPG").touch()
        with LocalS3Server(self.folder / "labels-server") as server:
            with server.as_default():
                upload_folder(some, BUCKET)
            for number in (FEW_ROWS, MANY_ROWS):
                path = self.folder / f"predictions-{number}.csv"
                rows = (f"s{n // 3000:05}/IMG_{n:09}.JPG,raccoon,0.9876,ok,{ROW.format(n // 3)}"
                        for n in range(number))  # fmt: skip
                path.write_text(HEADER + "".join(rows), encoding="utf-8")
                out = self.folder / f"published-{number}" / "labels.csv"
                words = ("publish_labels", "--bucket", BUCKET, "--tables", path, "--outpath", out)
                runs.append(_run(number, _autofocus(*words), server.environment))
        self.rates.add("publish", runs)
        self.rates.sizes["predictions"] = path.stat().st_size / number

    def others(self) -> None:
        """Measure the training of a head, and the memory that a listing takes."""
        runs = [
            _run(number, [sys.executable, "-m", "benchmarks.head_size", str(number)])
            for number in (FEW_VECTORS, MANY_VECTORS)
        ]
        self.rates.add("choose", runs)
        rows = [
            in_process(self.folder, number, STREAMED, 1.0) for number in (FEW_FITTED, MANY_FITTED)
        ]
        runs = [Usage(row["images"], row["processor_s"], 0.0) for row in rows]
        self.rates.add("fit", runs)
        runs = [
            _run(number, [sys.executable, "-c", LISTING, str(number)])
            for number in (FEW_OBJECTS, MANY_OBJECTS)
        ]
        self.rates.add("listing", runs)


def _autofocus(*words: object) -> list[str]:
    return [sys.executable, "-m", "autofocus", *map(str, words)]


def _run(inputs: int, command: Sequence[str], environment: Mapping[str, str] = {}) -> Usage:
    """Run a command, and return what it took.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    print(" ".join(command[2:6]), f"({inputs:,})", flush=True)
    done = subprocess.run(
        # A small process starts it: a large one's memory would count as the command's.
        [sys.executable, "-c", USAGE, *command],
        stdout=subprocess.PIPE,
        env={**os.environ, **ONE_THREAD, **environment},
        check=True,
        text=True,
    )
    seconds, memory = map(float, done.stdout.split())
    return Usage(inputs, seconds, memory * 1024)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.JPG"))


def _size(folder: Path, pattern: str = "*") -> int:
    visible = (p for p in folder.rglob(pattern) if ".autofocus" not in p.parts and p.is_file())
    return sum(path.stat().st_size for path in visible)


def _rounded(value: float) -> float:
    """Return a number with four digits that count."""
    return float(f"{value:.4g}")
