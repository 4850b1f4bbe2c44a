"""The start of commands that have nothing to do, against importing Click."""

import sys
from pathlib import Path

from benchmarks.measure import Comparison, Task, compare
from benchmarks.results import Note

ROW = "start"
NOTE = Note(
    "`import click` does nothing else. A stage on nothing reads its options, finds that its input "
    "does not exist (of a download: that a file stands in its folder's place), and says so in one "
    "sentence. Where its input exists, a stage imports what it needs, such as NumPy (0.1 CPU s). "
    "All with compiled modules (`.pyc`), as of an installed package.",
    "Importing NumPy takes 0.1 of these CPU seconds, Pillow 0.02.",
)
RUNS = 9
# CPU seconds.
MARGIN = 0.15
INPUT_ERROR = 3
HELPED = ("", "preprocess_images", "retrain", "run")
# The options with which a stage finds nothing to do.
STAGES = {
    "download_images": "--bucket none --local-folder {file}/out",
    "preprocess_images": "--indir {none} --outdir {out}",
    "clean_detections": "--detections {none} --image-dir {none} --image-properties {none} "
    "--outpath {out}/clean.csv",
    "link_images_by_label": "--detections-path {none} --outdir {out}",
    "export": "--predictions {none} --outdir {out} --formats megadetector",
    "import_corrections": "{none} --predictions {none} --outpath {out}/corrections.csv",
    "publish_labels": "--tables {none} --outpath {out}/labels.csv --bucket none",
    "audit": "{none}",
}


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure the help of some commands, and the light stages on nothing."""
    (folder / "file").touch()
    paths = {name: folder / name for name in ("file", "none", "out")}
    rows = [
        (f"`autofocus {name} --help`".replace("  ", " "), f"{name} --help", 0) for name in HELPED
    ]
    rows += [
        (f"`autofocus {name}` on nothing", f"{name} {options.format(**paths)}", INPUT_ERROR)
        for name, options in STAGES.items()
    ]
    return [_compare(*row) for row in rows]


def _compare(what: str, words: str, status: int) -> Comparison:
    command = [sys.executable, "-m", "autofocus", *words.split()]
    ours = Task("autofocus", command, status=status)
    peer = Task("`import click`", [sys.executable, "-c", "import click"])
    (found,) = compare(what, 1, "starts", ours, [peer], RUNS, by="cpu", margin=MARGIN)
    return found
