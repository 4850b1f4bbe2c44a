"""Closed and full outputs, readers that go away, odd encodings, and messages about odd texts."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from autofocus.cli import COMMANDS, load
from autofocus.cli import main as autofocus
from autofocus.errors import ExitStatus
from autofocus.options.command import Argument, Command
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.commands import VARYING, Line, World, world
from tests.killing import tree

PART = "Streams"
DONE = 0
# Of a command line in a shell, with the status of a command that ends well.
REDIRECTIONS = {
    ">&-": ExitStatus.ENVIRONMENT,
    "2>&-": DONE,
    "<&-": DONE,
    ">&- 2>&-": ExitStatus.ENVIRONMENT,
    "<&- >&- 2>&-": ExitStatus.ENVIRONMENT,
    ">/dev/full": ExitStatus.ENVIRONMENT,
    "2>/dev/full": DONE,
    ">/dev/full 2>&1": ExitStatus.ENVIRONMENT,
    "| true": ExitStatus.READER_GONE,
    "2>&1 | true": ExitStatus.READER_GONE,
}
ENCODINGS = (
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"LC_ALL": "POSIX"},
)
# Texts that people, programs and attackers give as names.
TEXTS = (
    "x" * 5_000,
    "x/" * 3_000,
    "a\x1b[31m\x1b]0;title\x07b",
    "line\nautofocus: all is well\rline",
    "\u202egpj.\u2066exe",
    "nul\\0 \x7f\x9b",
    "in another encoding \udcff\udcfe",
    "狼 löwe ✓",
    "{0} %s %(x)s $HOME `id`",
    "",
    " ",
)
# Commands that look at their paths before anything that takes time.
WITH_PATHS = (
    *("audit", "preprocess_images", "clean_detections", "link_images_by_label", "retrain", "run"),
    *("predict", "serve", "label", "export", "import_corrections"),
)
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Whole:
    """A command, and what it writes when all is well."""

    line: Line
    tree: dict[str, str]


def _whole(line: Line, place: World) -> Whole:
    out = place.folder / "whole"
    place.run(line.at(out))
    made = tree(out) if out.is_dir() else {}
    shutil.rmtree(out, ignore_errors=True)
    return Whole(line, made)


def redirect(whole: Whole, redirection: str, place: World) -> Trial:
    """Run a command with redirected streams: its results are complete, its status is right."""
    out = place.folder / "out"
    # A pipe's reader has gone before the first line.
    piped = redirection.removesuffix("| true")
    script = f'exec "$@" {piped}'
    if piped != redirection:
        script = f'{{ sleep 0.2; "$@" {piped}; echo $? >&3; }} 3>status | true'
    command = ["bash", "-c", script, "bash", *whole.line.at(out)]
    done = place.run(command)
    status = done.returncode
    if piped != redirection:
        status = int((place.folder / "status").read_text())
    made = tree(out) if out.is_dir() else {}
    shutil.rmtree(out, ignore_errors=True)
    name = f"{whole.line.name} {redirection}"
    # A command that fails has said so on standard error, and keeps its status.
    expected = REDIRECTIONS[redirection] if whole.line.statuses == (0,) else whole.line.statuses[0]
    if status != expected:
        return Trial(name, f"status {status}, not {int(expected)}: {done.stderr}")
    if "Traceback" in done.stderr + done.stdout or "Exception ignored" in done.stderr:
        return Trial(name, done.stderr + done.stdout)
    return Trial(name, _difference(made, whole.tree))


def _difference(made: dict[str, str], whole: dict[str, str]) -> str:
    other = [path for path in {*made, *whole} if made.get(path) != whole.get(path)]
    wrong = sorted(path for path in other if not any(word in path for word in VARYING))
    return f"its results differ: {wrong[:5]}" if wrong else ""


def redirected(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Run every command with every redirection."""
    with world(folder, with_model=scale.full) as place:
        lines = place.lines()
        # Training takes long, and prints as the others do.
        slow = ("retrain", "run", "make_sample", "pipelines.compile")
        lines = [line for line in lines if line.name not in slow]
        for line in lines if scale.full else [lines[0], lines[3]]:
            whole = _whole(line, place)
            for redirection in list(REDIRECTIONS)[:: scale.count(2, 1)]:
                yield redirect(whole, redirection, place)


def encoded(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Name what the output's encoding lacks."""
    program = [sys.executable, "-m", "autofocus"]
    place = World(folder, environment=dict(os.environ))
    for variables in ENCODINGS[:: scale.count(3, 1)]:
        for text in TEXTS[2:8] if scale.full else TEXTS[6:8]:
            for words in (["audit", text], [text], ["audit", f"--{text}"]):
                with place.start([*program, *words], **variables) as process:
                    out, said = process.communicate(timeout=60)
                name = f"{variables}, {words}"
                if process.returncode not in (ExitStatus.USAGE, ExitStatus.INPUT):
                    yield Trial(name, f"status {process.returncode}: {said!r}")
                elif UNSAFE.search(said.decode("utf-8", "replace")) or b"Traceback" in said + out:
                    yield Trial(name, f"it says {said!r}")
                elif "ascii" in str(variables) and not said.isascii():
                    yield Trial(name, f"it isn't ASCII: {said!r}")
                else:
                    yield Trial(name)


def said_by(words: Sequence[str], command: Command | None = None) -> tuple[int, str]:
    """Return the exit status of a command line, and all that it prints."""
    said = StringIO()
    with redirect_stderr(said), redirect_stdout(said):
        status = autofocus(words) if command is None else command.main(words)
    return status, said.getvalue()


def _problem(status: int, said: str, allowed: Sequence[int]) -> str:
    if status not in allowed:
        return f"status {status}: {said[:500]!r}"
    if UNSAFE.search(said):
        return f"it prints control characters: {said[:500]!r}"
    if re.search(r"x{101}|(x/){151}", said):
        return "it repeats a long text"
    return "" if ": error: " in said or not status else f"it says {said[:500]!r}"


def hostile(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Give odd texts as options, values and paths to every command."""
    wrong = (ExitStatus.USAGE, ExitStatus.INPUT, ExitStatus.ENVIRONMENT)
    with _inside(folder):
        for text in TEXTS[:: scale.count(3, 1)]:
            for words in ([text], [f"--{text}"]) if text.strip() else ():
                yield Trial(f"autofocus {words}"[:80], _problem(*said_by(words), wrong))
            for name in COMMANDS:
                command = load(name)
                for words in _options(command, text):
                    status, said = said_by(words, replace(command, function=_nothing))
                    problem = _problem(status, said, (*wrong, ExitStatus.SUCCESS))
                    yield Trial(f"{name} {words[-1][:60]!r}", problem)
                if name in WITH_PATHS:
                    words = [word for one in _required(command) for word in _given(one, text)]
                    yield Trial(
                        f"{name} with paths {text[:20]!r}",
                        _problem(*said_by(words, command), wrong),
                    )


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _nothing(**_: object) -> str:
    return "it was accepted"


def _required(command: Command) -> list[Argument]:
    return [one for one in command.arguments if one.required and one.default is None]


def _options(command: Command, text: str) -> Iterator[list[str]]:
    """Yield command lines with an odd text as an option, and as the value of each option."""
    yield [f"--{text.replace('=', '-') or 'x'}"]
    valid = [word for one in _required(command) for word in _given(one, "nothing")]
    for action in command.parser()._actions:
        if action.option_strings and action.nargs != 0:
            yield [*valid, f"{action.option_strings[0]}={text}"]


def _given(argument: Argument, text: str) -> list[str]:
    if argument.positional:
        return [text]
    return [f"--{argument.name.replace('_', '-')}={text}"]


def usage(scale: Scale, folder: Path) -> Iterator[Trial]:
    """End each command with each status that it can have, as a process."""
    del scale
    program = [sys.executable, "-m", "autofocus"]
    (folder / "broken").mkdir()
    (folder / "broken" / "a.JPG").write_bytes(b"no image")
    preprocess = [*program, "preprocess_images", "--indir", "broken", "--outdir"]
    download = [*program, "download_images", "--bucket", "b", "--local-folder", "d"]
    cases = (
        ([*program, "--version"], ExitStatus.SUCCESS),
        ([*program, "nonsense"], ExitStatus.USAGE),
        ([*preprocess, "o", "--jobs", "x"], ExitStatus.USAGE),
        ([*program, "audit", "nothing"], ExitStatus.INPUT),
        ([*program, "run", "--params", "nothing", "--outdir", "o"], ExitStatus.INPUT),
        ([*preprocess, "o"], ExitStatus.TOO_MANY_REJECTED),
        ([*preprocess, "/sys/o"], ExitStatus.ENVIRONMENT),
        (
            [*download, "--endpoint-url", "http://127.0.0.1:9", "--patience", "0"],
            ExitStatus.ENVIRONMENT,
        ),
        ([sys.executable, "-m", "pipelines.compile", "--tag", "latest"], ExitStatus.USAGE),
        (
            [sys.executable, "-m", "pipelines.submit", "--host", "nonsense"],
            ExitStatus.USAGE,
        ),
    )
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "none-at-all"}
    place = World(folder, environment=environment)
    for words, status in cases:
        try:
            done = place.run(words)
        except subprocess.TimeoutExpired:
            yield Trial(f"{words[1:]}", "it didn't end")
            continue
        lines = done.stderr.splitlines()
        is_right = done.returncode == status and (not status or len(lines) == 1)
        problem = "" if is_right else f"status {done.returncode}, not {status}: {done.stderr}"
        yield Trial(f"{words[1:]}", problem)


ATTACKS = (
    Attack("an output that is closed, full or not read", redirected),
    Attack("an output in another encoding", encoded),
    Attack("an odd text in place of an option or path", hostile),
    Attack("what ends a command with each exit status", usage),
)
