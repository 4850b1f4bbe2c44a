"""Memories that were edited, cut or lost: work is done again, or a sentence says what to do."""

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.attack import processes
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.world import (
    CLEAN,
    COPY,
    CORRECT,
    EXPORT,
    LINK,
    PREPROCESS,
    STAGES,
    Stage,
    make_inputs,
    rows,
    snapshot,
)

PART = "Memories"
FOLDERS = {
    PREPROCESS: "pre/.autofocus/preprocess_images",
    LINK: "links/.autofocus/link_images_by_label",
    COPY: "copies/.autofocus/link_images_by_label",
    EXPORT: "export/.autofocus/export",
    CLEAN: ".autofocus/clean_detections.clean.csv",
    CORRECT: ".autofocus/import_corrections.corrected.csv",
}
# Files that memories name, and that must stay.
FOREIGN = ("precious.txt", "pre/precious.txt", "data/cam1/IMG_0000.JPG", "../outside.txt")
HOSTILE: Sequence[Any] = (
    None, True, -1, 10**400, 1e308, float("inf"), "", "\0", "x" * 100_000, "../precious.txt",
    "/etc/passwd", [], {}, [[[]]], {"a": 1}, ["ok"] * 7,
)  # fmt: skip

# The status of a command that an edited memory ends.
REFUSED = 3
Damage = Callable[[bytes, random.Random], bytes]


def _cut(content: bytes, source: random.Random) -> bytes:
    return content[: source.randrange(len(content) + 1)]


def _cut_lines(content: bytes, source: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: source.randrange(len(lines) + 1)])


def _drop_lines(content: bytes, source: random.Random) -> bytes:
    return b"".join(line for line in content.splitlines(keepends=True) if source.random() < 0.6)


def _shuffle_lines(content: bytes, source: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    source.shuffle(lines)
    return b"".join(lines)


def _flip(content: bytes, source: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(source.choice([1, 1, 5, 50])):
        if changed:
            changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def _zero(content: bytes, source: random.Random) -> bytes:
    start = source.randrange(len(content) + 1)
    return content[:start] + bytes(len(content) - start)


def _digits(content: bytes, source: random.Random) -> bytes:
    """Change a number, and leave all else as it is."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return content
    one = source.choice(found)
    return content[: one.start()] + b"9" * len(one[0]) + content[one.end() :]


def _values(content: bytes, source: random.Random) -> bytes:
    """Replace a value of the JSON by one of another type."""
    lines = content.splitlines(keepends=True)
    chosen = source.randrange(len(lines)) if len(lines) > 1 and lines[0][:1] == b"[" else None
    text = content if chosen is None else lines[chosen]
    try:
        value = json.loads(text)
    except ValueError:
        return content
    changed = json.dumps(_replace(value, source)).encode()
    if chosen is None:
        return changed
    return b"".join([*lines[:chosen], changed + b"\n", *lines[chosen + 1 :]])


def _replace(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict) and value and source.random() < 0.9:
        key = source.choice(sorted(value))
        return {**value, key: _replace(value[key], source)}
    if isinstance(value, list) and value and source.random() < 0.9:
        number = source.randrange(len(value))
        return [*value[:number], _replace(value[number], source), *value[number + 1 :]]
    return source.choice(HOSTILE)


def _names(content: bytes, source: random.Random) -> bytes:
    """Let the memory name files of others."""
    name = source.choice(FOREIGN)
    return re.sub(rb'"[^"\n]*\.(JPG|csv|json|jpg)"', json.dumps(name).encode(), content, count=3)


def _unsealed(content: bytes, source: random.Random) -> bytes:
    """Write the values as earlier versions did, without checksums, one of them changed."""
    changed = _names(content, source) if source.random() < 0.5 else _values(content, source)
    try:
        value = json.loads(changed)
        return json.dumps(value["value"]).encode()
    except (ValueError, KeyError, TypeError):
        return re.sub(rb', "[0-9a-f]{8}"\]', b"]", changed)


DAMAGES: dict[str, Damage] = {
    "emptied": lambda *_: b"",
    "cut": _cut,
    "cut between lines": _cut_lines,
    "lines dropped": _drop_lines,
    "lines shuffled": _shuffle_lines,
    "bits flipped": _flip,
    "zeroed from a byte on": _zero,
    "a number changed": _digits,
    "a value replaced": _values,
    "names of others' files": _names,
    "without checksums, changed": _unsealed,
    "binary": lambda content, source: source.randbytes(len(content)),
    "deep": lambda content, _: b"[" * 200_000 + content,
    "another JSON": lambda _, source: json.dumps(source.choice(HOSTILE)).encode(),
    "twice": lambda content, _: content * 2,
}


def _finished(scale: Scale, folder: Path) -> Iterator[Trial]:
    """The memory of a finished run is damaged."""
    yield from _try(scale, folder, "finished", 20, 150)


def _stopped(scale: Scale, folder: Path) -> Iterator[Trial]:
    """The memory of a run that was stopped is damaged."""
    yield from _try(scale, folder, "stopped", 8, 60)


def _try(scale: Scale, folder: Path, kind: str, short: int, full: int) -> Iterator[Trial]:
    processes.start_server()
    base = folder / "base"
    make_inputs(base, 4)
    for name in FOREIGN:
        if not (base / name).exists():
            (base / name).parent.mkdir(exist_ok=True)
            (base / name).write_text("of somebody else")
    for stage in STAGES:
        ended = processes.run(stage.words(base), folder / "log")
        assert ended.status == 0, ended.stderr
    expected = _visible(base)
    source = scale.random(f"memories {kind}")
    cases = _cases(base, source, is_stopped=kind == "stopped")
    for stage, path, damage in cases[: scale.count(short, full)]:
        world = folder / "world" / "world"
        shutil.rmtree(folder / "world", ignore_errors=True)
        shutil.copytree(base, world, symlinks=True)
        shutil.copy2(folder / "outside.txt", folder / "world" / "outside.txt")
        if kind == "stopped":
            _unfinish(world, stage)
        _damage(world / path, DAMAGES[damage], source)
        yield Trial(f"{stage.name}: {path.name} {damage}", _check(stage, world, path, expected))


# What a stage that was stopped has not written yet.
LATE = ("ledger.csv", "image_properties.csv", "motion_boxes.csv", "links.csv", "preparation.json")
KEPT = ("settings.json", "outputs.json", "boot.json")


def _cases(
    base: Path, source: random.Random, *, is_stopped: bool
) -> list[tuple[Stage, Path, str]]:
    if is_stopped:
        names = ("journal.jsonl", "journal.new.jsonl", *KEPT)
        paths = [(one, Path(FOLDERS[one], n)) for one in (PREPROCESS, LINK, COPY) for n in names]
    else:
        paths = [
            (stage, path.relative_to(base))
            for stage, memory in FOLDERS.items()
            for path in sorted((base / memory).iterdir())
            if path.is_file() and path.name != "lock"
        ]
    cases = [(*one, damage) for one in paths for damage in DAMAGES for _ in range(2)]
    source.shuffle(cases)
    return cases


def _unfinish(world: Path, stage: Stage) -> None:
    """Make what a finished run has recorded the record of one that was stopped twice."""
    finished = world / FOLDERS[stage] / "finished.jsonl"
    lines = finished.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    finished.with_name("journal.jsonl").write_bytes(b"".join(lines[:half]))
    finished.with_name("journal.new.jsonl").write_bytes(b"".join(lines[half:-1]))
    finished.unlink()
    for name in LATE:
        (world / stage.output / name).unlink(missing_ok=True)


def _damage(path: Path, damage: Damage, source: random.Random) -> None:
    status = path.stat()
    path.write_bytes(damage(path.read_bytes(), source))
    # As a copy or a power cut leaves it.
    if source.random() < 0.5:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _check(stage: Stage, world: Path, path: Path, expected: dict[str, object]) -> str:
    for _ in range(3):
        ended = processes.run(stage.words(world), world.parent / "log")
        if problem := ended.fault(0, REFUSED) or _lost(world):
            return problem
        if ended.status == 0:
            return _other(_visible(world), expected, stage)
        # What the sentence says: delete the file, or the memory and the old output.
        if "and the old output" in ended.stderr or "move it away" in ended.stderr:
            _delete(stage, world, path)
        elif path.name in ended.stderr and "delete it" in ended.stderr:
            (world / path).unlink()
        else:
            return f"nothing says what to do: {ended.stderr[-300:]}"
    return f"the advice does not help: {ended.stderr[-300:]}"


def _lost(world: Path) -> str:
    lost = [name for name in FOREIGN if not (world / name).is_file()]
    return f"lost: {', '.join(lost)}" if lost else ""


def _delete(stage: Stage, world: Path, path: Path) -> None:
    """Delete a memory and the old output, and leave what somebody else has put there."""
    shutil.rmtree(world / path.parent, ignore_errors=True)
    names = (stage.output, "drawings") if stage is PREPROCESS else (stage.output,)
    for output in (world / name for name in (*names, *stage.files)):
        for one in [*output.rglob("*")] if output.is_dir() else [output]:
            if one.name != "precious.txt" and (one.is_symlink() or one.is_file()):
                one.unlink()


def _visible(world: Path) -> dict[str, object]:
    """Return what is visible; in ledgers, `ok` and `reused` count as one."""
    found: dict[str, object] = dict(snapshot(world))
    for name in found:
        if name.endswith("ledger.csv"):
            found[name] = rows(world / name)
    return found


def _other(found: dict[str, object], expected: dict[str, object], stage: Stage) -> str:
    names = [n for n in sorted({*found, *expected}) if found.get(n) != expected.get(n)]
    return f"other files after {stage.name}: {', '.join(names[:5])}" if names else ""


ATTACKS = (
    Attack("the memory of a finished run is damaged", _finished),
    Attack("the memory of a stopped run is damaged", _stopped),
)
