"""Power cuts: outputs that were emptied, cut, zeroed or lost are made again, never reused."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from autofocus.runs import files, records
from tests.attack import processes
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.world import (
    CLEAN,
    COPY,
    CORRECT,
    EXPORT,
    HIDDEN,
    LINK,
    PREPROCESS,
    STAGES,
    Stage,
    make_inputs,
    rows,
    snapshot,
)

PART = "Power cuts"
PLACES = {
    PREPROCESS: ("pre", "drawings"),
    CLEAN: ("clean.csv", "clean.ledger.csv"),
    LINK: ("links",),
    COPY: ("copies",),
    CORRECT: ("corrected.csv",),
}
HARMS = ("emptied", "cut", "zeroed", "lost")
# So many files are harmed at once.
MOST = 4


def _trials(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Harm some outputs of a stage as a power cut may, and start it again."""
    processes.start_server()
    base = folder / "base"
    make_inputs(base, 4)
    for stage in STAGES:
        if stage is not EXPORT:
            ended = processes.run(stage.words(base), folder / "log")
            assert ended.status == 0, ended.stderr
    expected = _visible(base)
    source = scale.random("power")
    for number in range(scale.count(12, 80)):
        stage = list(PLACES)[number % len(PLACES)]
        harm = HARMS[number // len(PLACES) % len(HARMS)]
        world = folder / "world"
        shutil.rmtree(world, ignore_errors=True)
        shutil.copytree(base, world, symlinks=True)
        _start_anew(world)
        outputs = list(_outputs(world, stage))
        chosen = source.sample(outputs, min(len(outputs), source.randint(1, MOST)))
        for path in chosen:
            _harm(path, harm, source)
        ended = processes.run(stage.words(world), folder / "log")
        found = _visible(world)
        names = [n for n in sorted({*found, *expected}) if found.get(n) != expected.get(n)]
        problem = ended.fault(0) or (f"not made again: {', '.join(names)}" if names else "")
        yield Trial(f"{stage.name}: {len(chosen)} {harm}", problem)


def _start_anew(world: Path) -> None:
    """Let all memories be of an earlier boot of the machine."""
    for path in world.glob(f"**/{HIDDEN}/*/boot.json"):
        value = records.read_record(path, dict) or {}
        stamp = files.stamp(path)["modified_ns"]
        records.write_record(path, {**value, "boot": "before"}, path.parent / "tmp")
        shutil.rmtree(path.parent / "tmp")
        os.utime(path, ns=(stamp, stamp))


def _outputs(world: Path, stage: Stage) -> Iterator[Path]:
    for name in PLACES[stage]:
        path = world / name
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (
            one for one in below if HIDDEN not in one.parts and (one.is_symlink() or one.is_file())
        )


def _harm(path: Path, harm: str, source: random.Random) -> None:
    if path.is_symlink() or harm == "lost":
        path.unlink()
        return
    status = path.stat()
    content = path.read_bytes()
    if harm == "cut":
        content = content[: source.randrange(len(content))]
    path.write_bytes(
        bytes(len(content)) if harm == "zeroed" else b"" if harm == "emptied" else content
    )
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _visible(world: Path) -> dict[str, object]:
    found: dict[str, object] = dict(snapshot(world))
    for name in found:
        if name.endswith("ledger.csv"):
            found[name] = rows(world / name)
    return found


ATTACKS = (Attack("outputs are emptied, cut, zeroed or lost", _trials),)
