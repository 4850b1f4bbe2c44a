"""A small data set, the commands of all light stages on it, and what must be left of it."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.images.clips import write_video
from tests.predicting.models import make_image

HIDDEN = ".autofocus"
DAY = "2016-07-05"
COLOURS = ((60, 140, 50), (200, 170, 110), (30, 30, 30))
LABELS = ("raccoon", "human", "empty")
Words = Sequence[str | Path]


@dataclass(frozen=True)
class Stage:
    """A stage on the data set.

    Attributes:
        name: for reports.
        words: makes its command line for the folder of the data set.
        output: what it writes: a folder, or a file.
        needs: the names of the stages before it.
        files: further files that it writes.
    """

    name: str
    words: Callable[[Path], Words]
    output: str
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The name of the stage's command."""
        return str(self.words(Path())[0])


def _clean(folder: Path) -> Words:
    return [
        "clean_detections", "--detections", folder / "data" / "detections.csv",
        "--image-dir", folder / "pre", "--image-properties", folder / "pre/image_properties.csv",
        "--outpath", folder / "clean.csv",
    ]  # fmt: skip


def _preprocess(folder: Path) -> Words:
    return [
        "preprocess_images", "--indir", folder / "data", "--outdir", folder / "pre",
        "--trim-bottom", "8", "--min-side", "32", "--max-rejected", "1", "--frame-rate", "1",
        "--motion-drawings", folder / "drawings", "--jobs", "2",
    ]  # fmt: skip


def _link(*more: str) -> Callable[[Path], Words]:
    name = "copies" if more else "links"
    return lambda folder: [
        "link_images_by_label", "--detections-path", folder / "clean.csv",
        "--outdir", folder / name, *more,
    ]  # fmt: skip


def _export(folder: Path) -> Words:
    return [
        "export", "--predictions", folder / "clean.csv", "--outdir", folder / "export",
        "--formats", "csv", "megadetector", "coco", "folders", "--images", folder / "data",
    ]  # fmt: skip


def _correct(folder: Path) -> Words:
    return [
        "import_corrections", folder / "corrections.csv", "--predictions", folder / "clean.csv",
        "--outpath", folder / "corrected.csv",
    ]  # fmt: skip


def _label(folder: Path) -> Words:
    model = folder.parent / "model" / "model"
    return [
        "label", folder / "data", "--model", model, "--outdir", folder / "labelled",
        "--formats", "csv", "--max-rejected", "1", "--jobs", "2",
    ]  # fmt: skip


PREPROCESS = Stage(
    "preprocess", _preprocess, "pre",
    files=("ledger.csv", "image_properties.csv", "motion_boxes.csv", "preparation.json"),
)  # fmt: skip
CLEAN = Stage("clean", _clean, "clean.csv", ("preprocess",), ("clean.ledger.csv",))
LINK = Stage("link", _link(), "links", ("preprocess", "clean"), ("ledger.csv", "links.csv"))
COPY = Stage("copy", _link("--copy"), "copies", LINK.needs, LINK.files)
EXPORT = Stage("export", _export, "export", LINK.needs, ("ledger.csv", "megadetector.json"))
CORRECT = Stage("corrections", _correct, "corrected.csv", LINK.needs, ("corrected.ledger.csv",))
INIT = Stage("init", lambda folder: ["init", folder / "data", "--outpath", folder / "run.yaml"],
             "run.yaml")  # fmt: skip
LABEL = Stage("label", _label, "labelled")
STAGES = (PREPROCESS, CLEAN, LINK, COPY, EXPORT, CORRECT)


def make_inputs(folder: Path, each: int = 8) -> None:
    """Write images of two cameras, a broken one, a video, their labels, and corrections."""
    rows = ["ImageDate,FilePath,FileName,ShortName"]
    corrections = ["filepath,label"]
    for camera in ("cam1", "cam2"):
        for number in range(each):
            name = f"IMG_{number:04}.JPG"
            colour = COLOURS[number % 3]
            moment = f"{DAY}T11:{number:02}:00"
            make_image(folder / "data" / camera / name, colour, moment, (96, 80))
            rows.append(f"{DAY},Z:\\data\\{camera},{name},{LABELS[number % 3]}")
            if number % 2:
                corrections.append(f"{camera}/{name},coyote")
    (folder / "data" / "cam1" / "IMG_9999.JPG").write_bytes(b"\xff\xd8 broken")
    write_video(folder / "data" / "cam2" / "V01.MP4")
    (folder / "data" / "detections.csv").write_text("\n".join(rows) + "\n")
    (folder / "corrections.csv").write_text("\n".join(corrections) + "\n")


def snapshot(folder: Path, *, hidden: bool = False) -> dict[str, str]:
    """Return what is below a folder: kinds, targets and digests by path.

    Args:
        folder: where to look.
        hidden: whether the memories of stages count, too.
    """
    found = {}
    for path in sorted(_all(folder)):
        name = path.relative_to(folder).as_posix()
        if hidden or HIDDEN not in path.parts:
            found[name] = _describe(path)
    return found


def _all(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *names))


def _describe(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"-> {path.readlink()}"
    if stat.S_ISREG(mode):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return f"kind {stat.S_IFMT(mode):o}"


def difference(actual: dict[str, str], expected: dict[str, str]) -> str:
    """Return the names that differ, or an empty text."""
    names = [
        name for name in sorted(actual.keys() | expected.keys())
        if actual.get(name) != expected.get(name)
    ]  # fmt: skip
    return f"other files: {', '.join(names[:5])}" if names else ""


def rows(ledger: Path) -> list[list[str]]:
    """Return the rows of a ledger, with `ok` and `reused` as one."""
    lines = ledger.read_text(encoding="utf-8").splitlines()
    return [line.replace(",reused,", ",ok,").split(",") for line in lines]
