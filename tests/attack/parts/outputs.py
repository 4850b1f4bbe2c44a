"""Outputs that are inputs, links, devices or somebody else's: refused before all else."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.attack import processes
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.world import (
    CLEAN,
    CORRECT,
    EXPORT,
    INIT,
    LINK,
    PREPROCESS,
    STAGES,
    Stage,
    Words,
    difference,
    make_inputs,
    snapshot,
)

PART = "Outputs"
ORIGINAL = "data/cam1/IMG_0000.JPG"
# The files that each stage writes, and folders on the way to them.
FILES: Sequence[tuple[Stage, str]] = (
    *((PREPROCESS, f"pre/{name}") for name in (*PREPROCESS.files, "cam1/IMG_0001.JPG")),
    (PREPROCESS, "drawings/cam1/IMG_0001.jpg"),
    *((CLEAN, name) for name in (CLEAN.output, *CLEAN.files)),
    *((LINK, f"links/{name}") for name in LINK.files),
    (LINK, "links/preparation.json"),
    *((EXPORT, f"export/{name}") for name in (*EXPORT.files, "images.csv")),
    *((CORRECT, name) for name in (CORRECT.output, *CORRECT.files)),
    (INIT, INIT.output),
)
FOLDERS: Sequence[tuple[Stage, str]] = (
    *((PREPROCESS, name) for name in ("pre", "pre/cam1", "drawings", "drawings/cam1")),
    *((LINK, name) for name in ("links", "links/raccoon")),
    *((EXPORT, name) for name in ("export", "export/folders", "export/folders/raccoon")),
)
MEMORIES: Sequence[tuple[Stage, str]] = (
    (PREPROCESS, "pre/.autofocus/preprocess_images"),
    (CLEAN, ".autofocus/clean_detections.clean.csv"),
    (LINK, "links/.autofocus/link_images_by_label"),
    (EXPORT, "export/.autofocus/export"),
    (CORRECT, ".autofocus/import_corrections.corrected.csv"),
)


def _to(target: str) -> Callable[[Path, Path], None]:
    return lambda path, world: path.symlink_to(world / target)


def _make_socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


def _make_folder(path: Path, _: Path) -> None:
    path.mkdir()
    (path / "precious.txt").write_text("of somebody else")


# What stands in the place of an output.
HAZARDS: dict[str, Callable[[Path, Path], None]] = {
    "somebody's file": lambda path, _: _write(path),
    "a folder": _make_folder,
    "a pipe": lambda path, _: os.mkfifo(path),
    "a device": lambda path, _: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3)),
    "a socket": _make_socket,
    "a link to an original": _to(ORIGINAL),
    "a link to a table": _to("data/detections.csv"),
    "a link to nowhere": _to("data/new.csv"),
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "a hard link to an original": lambda path, world: os.link(world / ORIGINAL, path),
}
_OUTPUTS = ("pre", "links", "export")
IN_FOLDERS = ("somebody's file", "a pipe", "a device", "a socket", "a link to an original",
              "a link to nowhere", "a link to itself")  # fmt: skip


def _write(path: Path) -> None:
    path.write_text("of somebody else")


def _fresh(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Something stands where a stage would write for the first time."""
    cases = [(stage, name, hazard) for stage, name in FILES for hazard in HAZARDS]
    cases += [(stage, name, hazard) for stage, name in FOLDERS for hazard in IN_FOLDERS]
    yield from _try(scale, folder, cases, (14, 130), is_known=False)


def _known(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Something stands where a stage has written before."""
    hazards = [hazard for hazard in HAZARDS if hazard != "somebody's file"]
    cases = [(stage, name, hazard) for stage, name in FILES for hazard in hazards]
    yield from _try(scale, folder, cases, (8, 80), is_known=True)


def _try(
    scale: Scale,
    folder: Path,
    cases: list[tuple[Stage, str, str]],
    number: tuple[int, int],
    *,
    is_known: bool,
) -> Iterator[Trial]:
    source = scale.random(f"outputs {is_known}")
    source.shuffle(cases)
    base = _base(folder)
    for stage, name, hazard in cases[: scale.count(*number)]:
        world = _copy(base, folder)
        if not is_known:
            _forget(stage, world)
        _remove(world / name)
        (world / name).parent.mkdir(parents=True, exist_ok=True)
        HAZARDS[hazard](world / name, world)
        # What is damaged may be made anew, if nothing is lost.
        is_replaceable = is_known and hazard == "a hard link to an original"
        yield Trial(
            f"{stage.name}: {hazard} at {name}, {'known' if is_known else 'new'}",
            _refusal(stage.words(world), world, is_replaceable=is_replaceable),
        )


def _links_in_folders(scale: Scale, folder: Path) -> Iterator[Trial]:
    """A folder on the way to outputs is a link to the originals."""
    base = _base(folder)
    for is_known in (True, False)[: scale.count(1, 2)]:
        for stage, name in FOLDERS:
            if "/" not in name:
                continue
            world = _copy(base, folder)
            if not is_known:
                _forget(stage, world)
            _remove(world / name)
            (world / name).parent.mkdir(parents=True, exist_ok=True)
            (world / name).symlink_to(world / "data" / "cam1")
            where = f"{name} leads to the originals, {'known' if is_known else 'new'}"
            yield Trial(f"{stage.name}: {where}", _refusal(stage.words(world), world))
    for stage in (PREPROCESS, LINK, EXPORT)[: scale.count(1, 3)]:
        world = _copy(base, folder)
        _forget(stage, world)
        (world / "elsewhere").mkdir()
        (world / stage.output).symlink_to("elsewhere")
        ended = processes.run(stage.words(world), folder / "log")
        is_written = (world / "elsewhere" / "ledger.csv").is_file()
        problem = ended.fault(0) or ("" if is_written else "nothing was written")
        yield Trial(f"{stage.name}: the output folder itself is a link", problem)


def _memories(scale: Scale, folder: Path) -> Iterator[Trial]:
    """The lock, or another part of a stage's memory, is a link, a pipe or a folder."""
    base = _base(folder)
    parts = ("lock", "tmp", "settings.json", "finished.jsonl", "journal.new.jsonl", "outputs.json",
             "inputs.json", "boot.json", "")  # fmt: skip
    hazards = ("a pipe", "a device", "a link to an original", "a link to nowhere")
    cases = [
        (*memory, part, hazard) for memory in MEMORIES for part in parts for hazard in hazards
    ]
    cases += [(*memory, part, "the originals") for memory in MEMORIES for part in ("", "tmp")]
    scale.random("memories").shuffle(cases)
    for stage, memory, part, hazard in cases[: scale.count(10, 100)]:
        world = _copy(base, folder)
        path = world / memory / part
        _remove(path)
        if hazard == "the originals":
            path.symlink_to(world / "data" / "cam1")
        else:
            HAZARDS[hazard](path, world)
        where = f"{hazard} at {memory}/{part}"
        yield Trial(f"{stage.name}: {where}", _refusal(stage.words(world), world))


def _inputs(scale: Scale, folder: Path) -> Iterator[Trial]:
    """An output is given that is an input, or a device of the system."""
    base = _base(folder)
    table, properties = "data/detections.csv", "pre/image_properties.csv"
    outputs = {
        CLEAN: ("--outpath", (table, properties)),
        CORRECT: ("--outpath", ("corrections.csv", "clean.csv")),
        INIT: ("--outpath", (table, ORIGINAL)),
        LINK: ("--outdir", (table, "clean.csv", ORIGINAL)),
        EXPORT: ("--outdir", ("clean.csv", ORIGINAL)),
        PREPROCESS: ("--outdir", ("data", table, ORIGINAL)),
    }
    devices = ("/dev/null", "/dev/full", "/dev/stdout", "/dev/null/x")
    for stage, (option, given) in outputs.items():
        for name in (*given, *devices[: scale.count(1, 4)]):
            for way in ("", "hard link", "link", "link to the folder")[: scale.count(1, 4)]:
                if way and (name.startswith("/") or (world := base / name).is_dir()):
                    continue
                world = _copy(base, folder)
                words = list(map(str, stage.words(world)))
                words[words.index(option) + 1] = str(_other_name(world, name, way))
                problem = _refusal(words, world)
                if Path("/dev/.autofocus").exists() or not Path("/dev/null").is_char_device():
                    problem = "something was written in /dev"
                yield Trial(f"{stage.name} {option} {name} {way}".strip(), problem)


def _other_name(world: Path, name: str, way: str) -> Path:
    """Return another path of an input."""
    path = world / name
    if way == "hard link":
        (world / "other").mkdir()
        os.link(path, world / "other" / path.name)
        return world / "other" / path.name
    if way == "link":
        (world / "other").symlink_to(path)
        return world / "other"
    if way:
        (world / "other").symlink_to(path.parent)
        return world / "other" / path.name
    return path


def _refusal(words: Words, world: Path, *, is_replaceable: bool = False) -> str:
    """Return what is wrong with a command that must be refused; empty if nothing is."""
    before = snapshot(world)
    ended = processes.run(words, world.parent / "log")
    if is_replaceable and ended.status == 0:
        data = {name: digest for name, digest in before.items() if name.startswith("data/")}
        after = {name: digest for name, digest in snapshot(world).items() if name in data}
        return ended.fault(0) or difference(after, data)
    after = snapshot(world)
    # Whose file stands there is only known with the memory in the output folder, which is made.
    empty = {name for name in _OUTPUTS if not any(other.startswith(f"{name}/") for other in after)}
    after = {name: mark for name, mark in after.items() if name in before or name not in empty}
    return ended.fault(3, 2) or difference(after, before)


def _base(folder: Path) -> Path:
    """Make the data set, and run all stages on it."""
    processes.start_server()
    base = folder / "base"
    make_inputs(base, 4)
    for stage in (*STAGES, INIT):
        ended = processes.run(stage.words(base), folder / "log")
        assert ended.status == 0, ended.stderr
    return base


def _copy(base: Path, folder: Path) -> Path:
    world = folder / "world"
    shutil.rmtree(world, ignore_errors=True)
    shutil.copytree(base, world, symlinks=True)
    return world


def _forget(stage: Stage, world: Path) -> None:
    """Remove what a stage has written, and its memory."""
    folders = {"pre": "preprocess_images", "links": "link_images_by_label", "export": "export"}
    _remove(world / stage.output)
    if stage.output not in folders:
        for name in stage.files:
            _remove(world / name)
        _remove(world / ".autofocus" / f"{stage.command}.{stage.output}")
    if stage is PREPROCESS:
        _remove(world / "drawings")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


ATTACKS = (
    Attack("something stands in the place of a new output", _fresh),
    Attack("something stands in the place of an output of before", _known),
    Attack("a folder of outputs is a link to the originals", _links_in_folders),
    Attack("a stage's memory is a link, a pipe or a device", _memories),
    Attack("an output is an input, or a device of the system", _inputs),
)
