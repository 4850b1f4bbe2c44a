"""Every command of this project with inputs that it takes, for attacks on whole processes."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.clean_detections import clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.link_images_by_label import link_images_by_label
from autofocus.predict import predict
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.features.pictures import COLOURS, make_picture
from tests.predicting.models import make_backbone, make_image, make_model

ROOT = Path(__file__).parents[2]
CAMERAS, SHOTS, MORE = 6, 3, 40
PARAMETERS = """
local_data: data
preprocess_images: {{indir: images, trim_bottom: 8, min_side: 32}}
clean_detections: {{detections: [detections.csv], strip_components: 1}}
retrain: {{tfhub_module: {backbone}, how_many_training_steps: 20}}
"""
# In place of the folder or file that a command writes to.
OUT = "OUT"
# What a training writes anew each time: times, the run's identity, compiled graphs.
VARYING = ("report.html", "saved_model.pb", "variables", "fingerprint.pb", "mlruns", "mlflow")


@dataclass(frozen=True)
class Line:
    """A command line.

    Attributes:
        name: how the command is called.
        words: the whole command line, with `OUT` for what it writes.
        statuses: the exit statuses with which it may end by itself.
    """

    name: str
    words: tuple[str, ...]
    statuses: tuple[int, ...] = (0,)

    def at(self, out: Path) -> list[str]:
        """Return the words with a folder for what it writes."""
        return [word.replace(OUT, str(out)) for word in self.words]


@dataclass
class World:
    """Inputs for all commands, and an environment to run them in.

    Attributes:
        folder: everything is below it; it is the current folder of the commands.
        port: of a server that accepts connections, and never answers.
        environment: the variables of the commands.
        with_model: whether there is a model, with predictions.
    """

    folder: Path
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    with_model: bool = False

    @property
    def done(self) -> Path:
        """The results of the stages."""
        return self.folder / "results"

    def run(self, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run a command line to its end."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=300,
        )

    def start(self, words: Sequence[str], **more: str) -> "subprocess.Popen[bytes]":
        """Start a command line, with further variables."""
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_take_signals,  # noqa: PLW1509
        )

    def lines(self) -> list[Line]:
        """Return a line for each command whose inputs there are."""
        done, prepare = str(self.done), ("--trim-bottom", "8", "--min-side", "32")
        script = str(ROOT / "autofocus" / "preprocess_images.py")
        component = str(ROOT / "components" / "clean" / "main.py")
        lines = [
            _line("--help"),
            _line("init", "data", "--outpath", f"{OUT}/run.yaml"),
            _line("audit", done),
            _line("make_sample", OUT, "--sequences", "9"),
            _line("preprocess_images", "--indir", "more", "--outdir", OUT, *prepare),
            _line(
                "preprocess_images", "--indir", "more", "--outdir", OUT, *prepare, start=[script]
            ),
            _line(
                "clean_detections",
                *("--detections", "data/detections.csv", "--strip-components", "1"),
                *("--image-dir", f"{done}/preprocessed", "--outpath", f"{OUT}/clean.csv"),
                *("--image-properties", f"{done}/preprocessed/image_properties.csv"),
            ),
            _line(
                "link_images_by_label",
                *("--detections-path", f"{done}/detections_clean.csv", "--outdir", OUT),
            ),
            _line("clean_detections", "--wrong", start=[component], statuses=(3,)),
            _line(
                "pipelines.compile",
                *("--outdir", OUT, "--tag", "1"),
                start=["-m", "pipelines.compile"],
            ),
        ]
        return lines + (self._lines_with_model() if self.with_model else [])

    def _lines_with_model(self) -> list[Line]:
        model, predictions = f"{self.folder}/model", f"{self.done}/predictions.csv"
        backbone = ("--tfhub-module", f"{self.folder}/means")
        return [
            _line("export", "--predictions", predictions, "--outdir", OUT, "--formats", "csv"),
            _line(
                "import_corrections",
                *(predictions, "--predictions", predictions, "--outpath", f"{OUT}/mended.csv"),
                statuses=(3,),
            ),
            _line(
                "predict",
                *("--saved-model-dir", model, "--indir", "more", "--outpath", f"{OUT}/p.csv"),
            ),
            _line("label", "more", "--model", model, "--outdir", OUT),
            _line(
                "retrain",
                *("--image-dir", f"{self.done}/links", "--saved-model-dir", OUT, *backbone),
                *("--how-many-training-steps", "20"),
            ),
            _line("run", "--params", "run.yaml", "--outdir", OUT),
        ]

    def waiting_lines(self) -> list[Line]:
        """Return lines of commands that wait for a server that never answers, or for requests."""
        url = f"http://127.0.0.1:{self.port}"
        store = ("--endpoint-url", url, "--patience", "60")
        table = f"{self.done}/detections_clean.csv"
        lines = [
            _line("download_images", "--local-folder", OUT, "--bucket", "bucket", *store),
            _line(
                "publish_labels",
                *("--tables", table, "--outpath", f"{OUT}/all.csv", "--bucket", "bucket", *store),
            ),
            _line(
                "pipelines.submit",
                *("--host", url, "--allow-http", "--follow", "run-1"),
                start=["-m", "pipelines.submit"],
            ),
        ]
        serve = _line("serve", "--model", f"{self.folder}/model", "--port", "0")
        return [*lines, serve] if self.with_model else lines


def _take_signals() -> None:
    """Let a command be stopped: background jobs and those of `nohup` are started deaf."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _line(
    name: str, *words: str, start: Sequence[str] = (), statuses: tuple[int, ...] = (0,)
) -> Line:
    start = start or ("-m", "autofocus", name)
    return Line(Path(start[-1]).name, (sys.executable, *start, *words), statuses)


@contextmanager
def world(folder: Path, *, with_model: bool = False) -> Iterator[World]:
    """Make inputs for all commands: images, tables, and the results of the stages.

    Args:
        folder: where to make them.
        with_model: whether a model and its predictions are made, too, and the commands that need
            them are among the lines.
    """
    place = World(folder, environment=_environment(folder), with_model=with_model)
    rows = "ImageDate,FilePath,FileName,ShortName\n"
    for number in range(CAMERAS * SHOTS):
        rows += _take(folder / "data", number)
    (folder / "data" / "detections.csv").write_text(rows, encoding="utf-8")
    for number in range(MORE):
        make_picture(folder / "more" / f"cam{number % 4}" / f"{number}.JPG", "grass", number)
    _run_stages(place)
    if with_model:
        backbone = make_backbone(folder)
        (folder / "run.yaml").write_text(PARAMETERS.format(backbone=backbone), encoding="utf-8")
        model = make_model(folder, means=backbone)
        predict(model, folder / "more", place.done / "predictions.csv")
    with _stalled() as place.port:
        yield place


def _run_stages(place: World) -> None:
    """Make the results of all stages before the training."""
    data, images = place.folder / "data", place.done / "preprocessed"
    preprocess_images(data / "images", images, PreprocessSettings(trim_bottom=8, min_side=32))
    clean_detections(
        [data / "detections.csv"],
        images,
        images / "image_properties.csv",
        place.done / "detections_clean.csv",
        CleanSettings(strip_components=1),
    )
    link_images_by_label(place.done / "detections_clean.csv", place.done / "links")


def _environment(folder: Path) -> dict[str, str]:
    left_out = ("MLFLOW", "AWS", "AUTOFOCUS", "KFP", "COV_", "PYTEST")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
    python_path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return kept | {
        "PYTHONPATH": python_path,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-one",
        "KFP_TOKEN": "x",
        "NO_PROXY": "127.0.0.1",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
    }


def _take(folder: Path, number: int) -> str:
    """Take an image, and return its row of the detections."""
    camera, shot = divmod(number, SHOTS)
    label = sorted(COLOURS)[camera % len(COLOURS)]
    red, green, blue = COLOURS[label]
    colour = (red + number % 7, green + shot, blue)
    name = f"cam{camera}/{shot}.JPG"
    make_image(folder / "images" / name, colour, f"2016-07-25T{camera:02}:{10 * shot:02}:00")
    return f"25/07/2016,images/cam{camera},{shot}.JPG,{label}\n"


@contextmanager
def _stalled() -> Iterator[int]:
    """Yield the port of a server that accepts connections, and never answers."""
    kept = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            try:
                while True:
                    kept.append(listener.accept())
            except OSError:
                pass  # it is closed at the end

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
