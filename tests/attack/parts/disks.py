"""Full disks: one sentence, nothing lost, and the same command ends when there is space again."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.attack import processes
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.world import (
    CLEAN,
    COPY,
    CORRECT,
    EXPORT,
    INIT,
    PREPROCESS,
    STAGES,
    Stage,
    difference,
    make_inputs,
    snapshot,
)

PART = "Full disks"
# The status of a command that ends as the disk is full.
FULL = 5
_LARGE = 256 * 2**20
STAGES_TO_TRY = (PREPROCESS, CLEAN, COPY, EXPORT, CORRECT, INIT)


def _full(scale: Scale, folder: Path) -> Iterator[Trial]:
    """The disk of the outputs is full after a share of what they need."""
    base = _base(folder)
    if not _can_mount(folder):
        # As without the rights to mount one; the names of the trials tell.
        for size in (0, 16, 256, 512)[: scale.count(2, 4)]:
            yield from _limit(scale, folder, base, size)
        return
    for stage in STAGES_TO_TRY[: scale.count(2, len(STAGES_TO_TRY))]:
        with _disk(folder, base, stage) as (world, _):
            before = _used(world)
            processes.run(stage.words(world), folder / "log")
            needed = _used(world) - before
        for share in (0.0, 0.5, 0.8, 0.95)[: scale.count(2, 4)]:
            with _disk(folder, base, stage) as (world, resize):
                free = round(needed * share)
                resize(_used(world) + free)
                enlarge = partial(resize, _LARGE)
                yield _try(stage, world, folder, f"{free:,} of {needed:,} bytes", enlarge)


def _limited(scale: Scale, folder: Path) -> Iterator[Trial]:
    """No file can exceed a size, as where a quota or a file system ends it."""
    yield from _limit(scale, folder, _base(folder), 64)


def _limit(scale: Scale, folder: Path, base: Path, size: int) -> Iterator[Trial]:
    for stage in STAGES_TO_TRY[: scale.count(3, len(STAGES_TO_TRY))]:
        world = folder / "world"
        shutil.rmtree(world, ignore_errors=True)
        shutil.copytree(base, world, symlinks=True)
        _forget(stage, world)
        yield _try(stage, world, folder, f"{size} bytes a file", lambda: None, largest_file=size)


def _try(
    stage: Stage,
    world: Path,
    folder: Path,
    name: str,
    enlarge: Callable[[], None],
    *,
    largest_file: int | None = None,
) -> Trial:
    inputs = snapshot(world / "data")
    log = folder / "log"
    ended = processes.run(stage.words(world), log, largest_file=largest_file)
    problem = ended.fault(FULL, 0) or difference(snapshot(world / "data"), inputs)
    if largest_file is not None and ended.status == 0:
        problem = problem or "the limit did no harm"
    expected = snapshot(folder / "expected" / stage.name)
    enlarge()
    if ended.status:
        again = processes.run(stage.words(world), log)
        problem = problem or again.fault(0)
    # Whoever reports success has written everything.
    found = {key: mark for key, mark in snapshot(world).items() if key in expected}
    problem = problem or difference(found, expected)
    return Trial(f"{stage.name}: {name}, status {ended.status}", problem)


@contextmanager
def _disk(folder: Path, base: Path, stage: Stage) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """Mount a disk with the data set, without what a stage writes.

    Yields:
        The data set, and a function that gives the disk a size in bytes.
    """
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={_LARGE}", "tmpfs", place)
    try:
        shutil.copytree(base, place / "world", symlinks=True)
        _forget(stage, place / "world")
        yield place / "world", lambda size: _mount("-o", f"remount,size={size}", place)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def _can_mount(folder: Path) -> bool:
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    try:
        _mount("-t", "tmpfs", "tmpfs", place)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    subprocess.run(["umount", place], check=True)
    return True


def _used(place: Path) -> int:
    """Return how much of a disk is used, in bytes."""
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def _base(folder: Path) -> Path:
    """Make the data set, run all stages on it, and keep what each writes."""
    processes.start_server()
    base = folder / "base"
    make_inputs(base)
    for stage in (*STAGES, INIT):
        ended = processes.run(stage.words(base), folder / "log")
        assert ended.status == 0, ended.stderr
        if stage is INIT:
            # It names the folder of the images.
            (base / "run.yaml").unlink()
    for stage in STAGES_TO_TRY:
        kept = folder / "expected" / stage.name
        for name in (stage.output, *(stage.files if "." in stage.output else ())):
            if (base / name).is_dir():
                shutil.copytree(base / name, kept / name, symlinks=True)
            elif (base / name).exists():
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy2(base / name, kept / name)
        kept.mkdir(parents=True, exist_ok=True)
    return base


def _places(stage: Stage) -> list[str]:
    """Return what a stage writes."""
    memory = f".autofocus/{stage.command}.{stage.output}"
    drawings = ["drawings"] if stage is PREPROCESS else []
    return [stage.output, *([] if stage.output in _FOLDERS else [*stage.files, memory]), *drawings]


_FOLDERS = ("pre", "links", "copies", "export")


def _forget(stage: Stage, world: Path) -> None:
    for name in _places(stage):
        path = world / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


ATTACKS = (
    Attack("the disk of the outputs is full", _full),
    Attack("no file can exceed a size", _limited),
)
