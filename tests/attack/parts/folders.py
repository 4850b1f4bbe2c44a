"""Folders as people, systems and the program itself leave them."""

import os
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from autofocus.audit import audit
from autofocus.checking.data import detection_tables
from autofocus.errors import AutofocusError
from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import SequenceRule, find_sequences
from autofocus.images.finding import list_images
from autofocus.inspection.files import list_folder
from autofocus.labels.classes import find_classes
from autofocus.predicting.inputs import find_inputs
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.ledger import read_ledger
from autofocus.runs.memory import RunMemory
from autofocus.runs.sharding import Shard
from autofocus.runs.walking import Walk
from autofocus.runs.workspace import Workspace
from tests.attack import processes
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.world import make_inputs
from tests.images.pictures import constant, encoded
from tests.rights import plain_rights

PART = "Folders"
SYSTEM = (
    "@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "RECYCLER", "System Volume Information",
    "lost+found", "LOST.DIR", "__MACOSX", ".Trashes", ".Trash-1000", ".thumbnails", "@Recycle",
    "@Recently-Snapshot", ".@__thumb", ".git", ".stversions", "Catalog Previews.lrdata",
)  # fmt: skip
# The stages that keep a folder of images.
MADE = ("preprocess_images", "link_images_by_label", "retrain", "blur_people", "export_folders")
SITES = ("A-01", "deer", "Wald und Wiese", "süß", "x")
JPEG = encoded(constant(16, 16, 90), "JPEG")
CAMERA = PreprocessSettings(trim_bottom=0, min_side=8, max_rejected=1.0, jobs=1)


def _junk(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Trees with all kinds of junk: each way to search a folder finds the images, and no other."""
    source = scale.random("junk")
    for number in range(scale.count(15, 250)):
        root = folder / str(number)
        expected = _make_tree(root, source)
        for way, search in WAYS.items():
            yield Trial(f"{number}: {way}", _difference(search, root, expected))


def _make_tree(root: Path, source: random.Random) -> set[str]:
    """Write images and junk beside them, and return the images' names."""
    expected = set()
    for label in ("fox", "deer"):
        for number in range(source.randrange(1, 4)):
            folders = source.sample(SITES, source.randrange(3))
            name = "/".join([label, *folders, f"IMG_{number:04}.JPG"])
            _write(root / name)
            expected.add(name)
    folders = sorted({str(Path(name).parent) for name in expected})
    for _ in range(source.randrange(2, 8)):
        place = root / source.choice(folders)
        source.choice(JUNK)(place, source)
    return expected


def _system(place: Path, source: random.Random) -> None:
    name = source.choice(SYSTEM)
    name = source.choice([name, name.upper(), name.lower()])
    _write(place / name / source.choice(["", "S-1-5-21/", "IMG_0001.JPG/"]) / "thumb.jpg")


def _made(place: Path, source: random.Random) -> None:
    made = place / f"made{source.randrange(99)}"
    with Workspace(made, source.choice(MADE), {}):
        _write(made / source.choice(["", "deer/"]) / "IMG_0001.JPG")


def _results(place: Path, source: random.Random) -> None:
    """Leave the folder of a run that was killed somewhere, or has ended."""
    results = place / f"results{source.randrange(99)}"
    with suppress(KeyboardInterrupt), RunMemory.of(results, source.choice(["run", "label"])):
        for name in ("data", "preprocessed", "links", "model", "export", "mine"):
            stage = {"data": "download_images", "links": "link_images_by_label"}.get(name, name)
            with Workspace(results / name, stage, {}):
                _write(results / name / "IMG_0001.JPG")
            if not source.randrange(6):
                raise KeyboardInterrupt


def _hidden(place: Path, source: random.Random) -> None:
    _write(place / source.choice([".IMG_0001.JPG", ".hidden/IMG_0001.JPG", ".a/b/c/IMG.JPG"]))


def _irregular(place: Path, source: random.Random) -> None:
    path = place / f"odd{source.randrange(99)}{source.choice(['', '.txt'])}"
    if os.path.lexists(path):
        return
    match source.randrange(5):
        case 0:
            os.mkfifo(path)
        case 1:
            path.symlink_to("nowhere")
        case 2:
            path.symlink_to(path.name)
        case 3:
            path.symlink_to(place)
        case _:
            # The path of a socket is short.
            here = Path.cwd()
            os.chdir(place)
            try:
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(path.name)
            finally:
                os.chdir(here)


JUNK = (_system, _system, _made, _results, _hidden, _irregular)
WAYS: dict[str, Callable[[Path], set[str]]] = {
    "images": lambda root: set(list_images(root, ["JPG"]).names),
    "predict": lambda root: set(find_inputs(root, ["JPG"]).names),
    "labels": lambda root: set(find_classes(root).files),
    "init": lambda root: set(list_folder(root).images),
    "all plain files": lambda root: _plain_files(Walk(root)),
}


def _plain_files(walk: Walk) -> set[str]:
    return {name for name in walk if name not in walk.irregular}


def _difference(search: Callable[[Path], set[str]], root: Path, expected: set[str]) -> str:
    try:
        found = search(root)
    except Exception as error:  # whatever it is, it is wrong
        return repr(error)
    wrong = sorted(found ^ expected)
    return f"differ: {wrong[:5]}" if wrong else ""


def _unreadable(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Folders that can't be read are rows of the ledger, all others are done; later they are."""
    source = scale.random("unreadable")
    for number in range(scale.count(8, 60)):
        root, outdir = folder / f"in{number}", folder / f"out{number}"
        expected = _make_tree(root, source)
        folders = sorted({str(Path(name).parent) for name in expected})
        closed = source.sample(folders, source.randrange(1, len(folders) + 1))
        lost = {
            name for name in expected if any(Path(one) in Path(name).parents for one in closed)
        }
        outermost = {f"{one}/" for one in closed if not _is_below(one, closed)}
        for one in sorted(closed, reverse=True):
            (root / one).chmod(0)
        try:
            with plain_rights():
                first = _inputs(root, outdir)
        finally:
            for one in sorted(closed):
                (root / one).chmod(0o700)
        problem = "" if first == (expected - lost, outermost) else f"{first} with {closed}"
        yield Trial(f"{number}: closed", problem)
        second = _inputs(root, outdir)
        yield Trial(f"{number}: opened", "" if second == (expected, set()) else str(second))


def _is_below(one: str, others: list[str]) -> bool:
    return any(Path(other) in Path(one).parents for other in others)


def _inputs(root: Path, outdir: Path) -> object:
    try:
        preprocess_images(root, outdir, CAMERA)
    except Exception as error:  # whatever it is, it is wrong
        return error
    rows = [row for _, row in read_ledger(outdir / "ledger.csv")]
    fine = {row.input for row in rows if row.reason is None}
    # Files that hold nothing to read may be rows, too.
    return fine, {row.input for row in rows if row.reason is not None and row.input.endswith("/")}


def _inside(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Results inside the data, and a kill at a random moment: the inputs stay the same."""
    source = scale.random("inside")
    for number in range(scale.count(5, 40)):
        root = folder / str(number)
        make_inputs(root, each=6)
        words: list[str | Path] = [
            "preprocess_images", "--indir", root / "data", "--outdir", root / "data" / "results",
            "--trim-bottom", "8", "--min-side", "32", "--max-rejected", "1", "--jobs", "2",
        ]  # fmt: skip
        log, problem = folder / f"log{number}", ""
        before = set(list_images(root / "data", ["JPG"]).names)
        for _ in range(source.randrange(1, 3)):
            processes.run(words, log, kill_after_s=source.uniform(0.1, 2.0))
            # As another stage searches it, to which that folder is not the output.
            found = set(list_images(root / "data", ["JPG"]).names)
            problem = problem or ("" if found == before else f"{len(found)} images")
        for _ in range(2):
            problem = problem or processes.run(words, log).fault(0)
        ledger = root / "data" / "results" / "ledger.csv"
        problem = problem or _count(ledger, 13, "reused")
        yield Trial(f"{number}: killed {words[0]}", problem)


def _count(ledger: Path, number: int, status: str) -> str:
    rows = [row for _, row in read_ledger(ledger)]
    reused = sum(row.status.value == status for row in rows)
    # One of the images is broken.
    is_right = len(rows) == number and reused == number - 1
    return "" if is_right else f"{len(rows)} inputs, {reused} {status}"


def _foreign(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Files named like ledgers and tables of results: audit and patterns skip them."""
    source = scale.random("foreign")
    texts = [b"my,own\n1,2\n", b"", b"\0\xff" * 40, b"stage\n", "größe\n".encode("utf-16")]
    for number in range(scale.count(15, 150)):
        root = folder / str(number)
        _write(root / "in" / "a.JPG")
        preprocess_images(root / "in", root / "run" / "pre", CAMERA)
        for name in source.sample(["sub/ledger.csv", "x.ledger.csv", "@eaDir/ledger.csv"], 2):
            (root / "run" / name).parent.mkdir(exist_ok=True)
            (root / "run" / name).write_bytes(source.choice(texts))
        os.mkfifo(root / "run" / "pipe.ledger.csv")
        yield Trial(f"{number}: audit", _audit(root / "run"))
        (root / "mine.csv").write_text("FilePath,FileName,ShortName,ImageDate\n")
        os.mkfifo(root / "pipe.csv")
        for junk in ("@eaDir/t.csv", ".hidden/t.csv", ".lock.csv"):
            (root / junk).parent.mkdir(exist_ok=True)
            (root / junk).write_text("a,b\n")
        pattern = source.choice(["*.csv", "**/*.csv"])
        yield Trial(f"{number}: {pattern}", _tables(root, pattern))


def _audit(folder: Path) -> str:
    try:
        found = audit(folder)
    except AutofocusError as error:
        return str(error)
    counts = {one.stage: one.counts.inputs for one in found.stages}
    return "" if counts == {"preprocess_images": 1} else str(counts)


def _tables(root: Path, pattern: str) -> str:
    names = {path.relative_to(root).as_posix() for path in detection_tables(root, [pattern])}
    unexpected = names - {"mine.csv", "run/sub/ledger.csv", "run/x.ledger.csv"}
    return f"{sorted(names)}" if unexpected or "mine.csv" not in names else ""


def _overflow(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Bursts of one camera over the edges of its card's folders, with and without times."""
    source = scale.random("overflow")
    del folder
    for number in range(scale.count(100, 1_000)):
        camera = source.choice(["CAM01", "a/b/CAM 2", "site.1"])
        suffix = source.choice(["RECNX", "EK113", "MEDIA", "_BTCF", "CANON"])
        above = source.choice(["DCIM/", ""])
        frames, size = [], source.randrange(2, 6)
        start = 10_000 - size * source.randrange(1, 20) - source.randrange(size)
        for step in range(size * 40):
            count, folder_number = start + step, 100
            if count > 9_999:
                count, folder_number = count - 9_999, 101
            path = f"{camera}/{above}{folder_number}{suffix}/IMG_{count:04}.JPG"
            frames.append(Frame(str(step), path))
        found = find_sequences(source.sample(frames, len(frames)), SequenceRule(frames=size))
        bursts = [{found[str(step + more)] for more in range(size)}
                  for step in range(0, len(frames), size)]  # fmt: skip
        problem = "" if all(len(burst) == 1 for burst in bursts) else "a burst is divided"
        if len(set(found.values())) != len(bursts):
            problem = "bursts are joined"
        if sum(any(Shard(one, 8).has(frame.path) for frame in frames) for one in range(8)) != 1:
            problem = "a camera is in several shards"
        yield Trial(f"{number}: {size} from {start} in {camera}/{above}100{suffix}", problem)


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(JPEG)


ATTACKS = (
    Attack("trash, thumbnails, results and pipes lie among the images", _junk),
    Attack("folders can't be read", _unreadable),
    Attack("results lie inside the data, and the stage is killed", _inside),
    Attack("files have the names of ledgers and tables", _foreign),
    Attack("a burst goes on in the next folder of the card", _overflow),
)
