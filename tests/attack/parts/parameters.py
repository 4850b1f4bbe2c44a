"""Parameter files as people, editors and attackers write them."""

import io
import math
import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any

from autofocus.errors import ExitStatus
from autofocus.options.command import guarded
from autofocus.options.parameter_file import ParameterFile
from autofocus.run import SECTIONS, read_parameters
from pipelines.interface import load_documents, read_interface
from pipelines.parameters import gather
from tests.attack.attack import Attack, Scale, Trial
from tests.pipelines.tiny import write_tiny

PART = "Parameters"
LONG = "x" * 5_000
WITHIN_S = 1.0
# Where coverage is measured, Python is about three times as slow.
TRACED = 3.0
BASE = """
local_data: data
preprocess_images: {indir: images, trim_bottom: 8, min_side: 32, extensions: [JPG, PNG]}
clean_detections: {detections: [a.csv, b.csv], strip_components: 1}
link_images_by_label: {}
retrain: {learning_rate: 0.1, folds: 4, view: auto}
predict: {precision: 0.9, threshold: {raccoon: 0.8}}
export: {formats: [csv]}
"""
# What may stand in place of a value.
VALUES = (
    *("", "null", "~", "true", "no", "0", "-1", "1.5", "1e-3", ".inf", "-.inf", ".nan", "NaN"),
    *("2016-01-01", "12:30", "0123", "0x1F", "1_000", "9" * 30, "9" * 5000, "0x" + "f" * 5000),
    *("''", "' '", '"\\0"', '"\\x1b[31m"', '"\\u202e"', '"\\ud800"', "[]", "[[]]", "[null]"),
    *("{}", "{a: {b: {c: d}}}", "[a, 1, true]", "{1: 2}", "!!binary aGk=", "!!set {a}", "!!int x"),
    *("!!python/object:os.system {}", "!!bool maybe", "!!timestamp x", "!!float ''", "&a [*a]"),
    *("*nothing", "|\n  text", "@x", "%x", "`x`", "- x", "'it''s", LONG, f"[{LONG}]", "{<<: 1}"),
)
STATUSES = (ExitStatus.USAGE, ExitStatus.INPUT)
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def outcome(read: Callable[[], Any]) -> tuple[Any, int, str, float]:
    """Return what a reader returns, the exit status, what is said, and the CPU time (s)."""
    made: list[Any] = []
    said, began = io.StringIO(), time.process_time()
    with redirect_stderr(said):
        status = guarded("autofocus run", lambda: made.append(read()))
    return (made or [None])[0], status, said.getvalue(), time.process_time() - began


def check(read: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a reader returns, and what is wrong with how it ends."""
    made, status, said, seconds = outcome(read)
    if seconds > WITHIN_S * (TRACED if sys.gettrace() else 1.0):
        return made, f"it took {seconds:.1f} s"
    if status == ExitStatus.SUCCESS:
        return made, f"status 0, but: {said}" if said else _odd(made)
    if status not in STATUSES:
        return made, f"status {status}: {said}"
    return made, _wrong_words(said)


def _wrong_words(said: str) -> str:
    if not said.startswith("autofocus run: error: ") or not said.endswith("\n"):
        return f"it says {said!r}"
    if CONTROL.search(said):
        return f"it prints control characters: {said!r}"
    if re.search(r"x{101}|9{101}|f{101}", said):
        return "it repeats a long text"
    others = [line for line in said.splitlines()[1:] if not line.startswith("  ")]
    return f"more than one sentence: {said!r}" if others else ""


def _odd(made: Any) -> str:
    """Return which accepted values no stage can work with."""
    if not isinstance(made, ParameterFile):
        return ""
    for name, settings in made.settings.items():
        for field in fields(settings):
            value = getattr(settings, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                return f"{name}.{field.name} is {value}"
            if "\0" in str(value) or (isinstance(value, int) and abs(value) > 10**18):
                return f"{name}.{field.name} is {value!r}"
    return ""


def wrong_values(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Put every odd value in place of each option's."""
    path = folder / "run.yaml"
    pairs = [
        (section, key, value)
        for section, known in SECTIONS.items()
        for key in known.kinds
        for value in VALUES
    ]
    chosen = scale.random("values").sample(pairs, scale.count(120, 1_500))
    for section, key, value in chosen:
        text = (
            f"local_data: d\nclean_detections:\n  detections: [a]\n{section}:\n  {key}: {value}\n"
        )
        path.write_text(text.replace("clean_detections:\nclean", "clean"), encoding="utf-8")
        yield Trial(f"{section}, {key}: {value[:40]}", check(lambda: read_parameters(path))[1])


def mutated(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Change bytes and lines of a sound file at random."""
    path, chance = folder / "run.yaml", scale.random("mutated")
    for number in range(scale.count(60, 600)):
        content = bytearray(BASE.encode())
        for _ in range(chance.randint(1, 6)):
            _mutate(content, chance)
        path.write_bytes(content)
        yield Trial(f"mutation {number}", check(lambda: read_parameters(path))[1])


def _mutate(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    way = chance.randrange(4)
    if way == 0:
        content[place:place] = bytes([chance.randrange(256)])
    elif way == 1:
        del content[place : place + chance.randint(1, 20)]
    elif way == 2:
        content[place:place] = chance.choice(
            [b"\t", b"\0", b"{", b"]", b"&a ", b"*a", b"? ", b"---\n", b"!!x ", b"'", b"\xff\xfe"]
        )
    else:
        other = chance.randrange(len(content) + 1)
        content[place:place] = content[other : other + 40]


def _bomb(width: int, depth: int, start: str = "[x]") -> str:
    lists = (f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]\n" for n in range(1, depth))
    return f"a0: &a0 {start}\n" + "".join(lists)


def _merges(depth: int) -> str:
    lines = (f"m{n}: &m{n} {{<<: [{','.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, depth))
    return "m0: &m0 {k: v}\n" + "".join(lines)


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "nine lists of nine": lambda: _bomb(9, 10).encode(),
    "two to the hundred": lambda: _bomb(2, 100).encode(),
    "a wide list": lambda: _bomb(3_000, 4).encode(),
    "a wide mapping": lambda: _bomb(9, 12, "{k: v}").encode(),
    "merges of merges": lambda: _merges(12).encode(),
    "an alias for itself": lambda: b"a: &a [*a]\n",
    "a mapping in itself": lambda: b"a: &a {b: *a}\n",
    "a merge of itself": lambda: b"a: &a {<<: *a}\n",
    "brackets": lambda: b"a: " + b"[" * 100_000,
    "braces": lambda: b"a: " + b"{a: " * 20_000,
    "a list of lists": lambda: b"a:\n  " + b"- " * 50_000,
    "questions": lambda: b"? " * 50_000,
    "indentation": lambda: b"".join(b" " * n + b"k:\n" for n in range(400)),
    "many keys": lambda: b"".join(b"k%d: 1\n" % n for n in range(10_000)),
    "one long line": lambda: b"a: " + b"x" * 120_000,
    "one long key": lambda: b"x" * 120_000 + b": 1",
    "quotes": lambda: b"a: '" + b"''" * 60_000,
    "tabs": lambda: b"\t" * 120_000,
    "comments": lambda: b"#\n" * 60_000,
    "anchors": lambda: b"".join(b"k%d: &a%d 1\n" % (n, n) for n in range(7_000)),
    "documents": lambda: b"---\n" * 30_000,
    "100 MB": lambda: b"a: " + b"x" * 100_000_000,
    "nulls": lambda: bytes(100_000),
    "noise": lambda: os.urandom(100_000),
    "UTF-16 without a mark": lambda: BASE.encode("utf-16-le"),
    "UTF-16 cut in a character": lambda: BASE.encode("utf-16")[:-1],
    "a version to come": lambda: b"%YAML 9.9\n---\na: 1\n",
    "a tag": lambda: b"!!python/object/apply:os.system ['true']\n",
}


def bombs(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Read files that are small and stand for much, or are large."""
    path = folder / "run.yaml"
    for name, make in BOMBS.items():
        if name == "100 MB" and not scale.full:
            continue
        path.write_bytes(make())
        made, problem = check(lambda: read_parameters(path))
        yield Trial(name, problem or ("it was accepted" if made is not None else ""))


def not_files(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Give something else than a file."""
    del scale
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    (folder / "dangling").symlink_to(folder / "nothing")
    (folder / "loop").symlink_to(folder / "loop")
    for name in ("fifo", "folder", "dangling", "loop", "none", "a\x1bb", "n" * 300):
        path = folder / name
        problem = check(lambda path=path: read_parameters(path))[1]  # type: ignore[misc]
        yield Trial(f"{name[:20]!r} as the file", problem)
    for path in (Path("/dev/zero"), Path("/dev/null")):
        made, problem = check(lambda path=path: read_parameters(path))  # type: ignore[misc]
        yield Trial(f"{path} as the file", problem or ("accepted" if made is not None else ""))


# What YAML 1.1 takes for booleans, whole numbers, times and dates, and people mean as names.
NAMES = (
    *("no", "on", "yes", "off", "y", "n", "No", "0123", "12:30", "2016-01-01", "2016", "1e3"),
    *("'true'", "'null'", "1.0", "raton laveur", "'Wolf, grauer'", "狼", "=", "NO ", "'~'"),
)


def names(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Give columns names that YAML takes for something else: they stay as they are written."""
    del scale
    path = folder / "run.yaml"
    for name in NAMES:
        path.write_text(
            f"local_data: d\nclean_detections:\n  detections: [a]\n  columns: {{label: {name}}}\n",
            encoding="utf-8",
        )
        made, problem = check(lambda: read_parameters(path))
        read = made.settings["clean_detections"].columns if made is not None else ()
        is_right = read == (f"label={name.strip(chr(39) + ' ')}",)
        yield Trial(f"the column {name}", problem or ("" if is_right else f"read as {read}"))


def pipelines(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Give odd files and values to pipelines, and odd files as pipelines."""
    tiny = write_tiny(folder)
    interface = read_interface(tiny)
    path = folder / "run.yaml"
    names = [*list(interface.parameters), "shards", "columns", "retrain_node_selector"]
    for value in VALUES[:: scale.count(4, 1)]:
        for name in names:
            path.write_text(f"{name}: {value}\n", encoding="utf-8")
            problem = check(lambda: interface.check(gather(path, [], interface).values))[1]
            yield Trial(f"{name}: {value[:40]}, in a file", problem)
            word = f"{name}={value}"
            problem = check(lambda w=word: interface.check(gather(None, [w], interface).values))[1]  # type: ignore[misc]
            yield Trial(f"{word[:50]}, by --set", problem)
    for name, make in BOMBS.items():
        if name in ("100 MB", "one long line", "comments", "many keys", "anchors", "documents"):
            continue
        path.write_bytes(make())
        made, problem = check(lambda: [load_documents(path), read_interface(path)])
        yield Trial(f"{name} as a pipeline", problem or ("accepted" if made is not None else ""))


ATTACKS = (
    Attack("an odd value in a parameter file", wrong_values),
    Attack("a parameter file with changes at random", mutated),
    Attack("a parameter file that stands for much", bombs),
    Attack("something else in place of a parameter file", not_files),
    Attack("a name that YAML takes for something else", names),
    Attack("odd parameters of a pipeline, and odd pipelines", pipelines),
)
