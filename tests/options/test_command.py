"""Tests of command lines made from a stage's settings, and of how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from autofocus.errors import (
    CredentialsError,
    InputDataError,
    RunError,
    SettingError,
    TooManyRejectedError,
)
from autofocus.options.command import Argument, Command, Stage, guarded, with_dashes
from autofocus.options.settings import Kind, option, require


@dataclass(frozen=True)
class Example:
    """Settings with a field of every kind."""

    trim_bottom: int = option(198, "rows to cut, 100 % at most", metavar="ROWS")
    trim_top: int = option(0, "rows to cut")
    share: float = option(0.1, "a share (default: a tenth)")
    names: tuple[str, ...] = option(("JPG", "PNG"), "names")
    more: tuple[str, ...] = option((), "more")
    mode: Literal["fast", "slow"] = option("fast", "how")
    flip_left: bool = option(False, "flip, in 50 % of all cases")
    keep_all: bool = option(True, "keep")
    cache: Path | None = option(None, "a folder (default: beside the output)")
    module: str = option("m", "a module", alias="backbone")

    def __post_init__(self) -> None:
        require(self.trim_bottom >= 0, f"trim_bottom must not be negative: {self.trim_bottom}.")


def show(indir: Path, out_dir: Path, settings: Example) -> str:
    return f"{indir} {out_dir} {settings}"


COMMAND = Command(
    name="stage_x",
    summary="Does something.",
    example="autofocus stage_x --indir a --out-dir b",
    function=show,
    arguments=(
        Argument("indir", "where from"),
        Argument("out_dir", "where to", default=Path("o")),
    ),
    settings=Example,
)


def run(*words: str, command: Command = COMMAND) -> int:
    """Run a command and return its exit status, however it ends."""
    try:
        return command.main(words)
    except SystemExit as end:
        return int(end.code or 0)


def given(*words: str) -> dict[str, Any]:
    """Return what the function gets from a command line."""
    caught: dict[str, Any] = {}
    command = Command("x", "", "", caught.update, COMMAND.arguments, Example)
    assert run(*words, command=command) == 0
    return caught


def helped(command: Command = COMMAND, columns: str = "200") -> str:
    """Return a command's help in lines that aren't broken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", columns)
        return command.parser().format_help()


def test_defaults_without_options() -> None:
    """Options that aren't given have their defaults."""
    assert given("--indir", "a") == {
        "indir": Path("a"),
        "out_dir": Path("o"),
        "settings": Example(),
    }


def test_every_kind_of_option() -> None:
    """Words of the command line become values of the fields' kinds."""
    words = "--indir a --trim-bottom 3 --share 1 --names x y --mode slow --flip-left"
    settings = given(*words.split(), "--no-keep-all", "--cache", "c d")["settings"]
    assert settings == Example(
        trim_bottom=3,
        share=1.0,
        names=("x", "y"),
        mode="slow",
        flip_left=True,
        keep_all=False,
        cache=Path("c d"),
    )


def test_underscores_stand_for_dashes() -> None:
    """Every option may be written with `_`, with its value behind a blank or a `=`."""
    with_underscores = given("--indir=a_b", "--out_dir=c", "--trim_bottom", "3", "--no_keep_all")
    assert with_underscores == given(
        "--indir", "a_b", "--out-dir", "c", "--trim-bottom", "3", "--no-keep-all"
    )


def test_values_keep_their_underscores() -> None:
    """Only options are changed, not values, nor anything behind a `--` that stands alone."""
    words = ["--a_b=c_d", "e_f", "--", "--g_h"]
    assert with_dashes(words) == ["--a-b=c_d", "e_f", "--", "--g_h"]


def test_positional_argument() -> None:
    """An argument may stand without its name, and hold one of a few words."""
    caught: dict[str, Any] = {}
    pace = Argument("pace", "how", Kind(str, choices=("fast", "slow")), positional=True)
    command = Command("x", "", "", caught.update, (pace,))
    assert run("slow", command=command) == 0
    assert caught == {"pace": "slow"}
    assert run("brisk", command=command) == 2


def test_several_values_of_an_argument() -> None:
    """An argument of several values takes all that follow its name."""
    caught: dict[str, Any] = {}
    command = Command("x", "", "", caught.update, (Argument("tables", "", Kind(Path, many=True)),))
    assert run("--tables", "a", "b", command=command) == 0
    assert caught == {"tables": [Path("a"), Path("b")]}


def test_values_of_an_option_that_is_given_twice_add_up() -> None:
    """Without a default all values count, in order; with one, those given last replace it."""
    words = ["--indir", "a", "--names", "x", "--more", "b", "c", "--names", "y", "--more", "d"]
    settings = given(*words)["settings"]
    assert (settings.more, settings.names) == (("b", "c", "d"), ("y",))


def test_a_default_is_shown_once() -> None:
    """The default follows the help text, unless that names one itself."""
    text = helped()
    assert "rows to cut, 100 % at most (default: 198)\n" in text
    assert "a folder (default: beside the output)\n" in text
    assert "a share (default: a tenth)\n" in text
    assert "keep (default: True)\n" in text


def test_result_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """What the function returns is printed as text, and the exit status is 0."""
    assert run("--indir", "a", "--out-dir", "b") == 0
    assert capsys.readouterr().out == f"a b {Example()}\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "the following arguments are required: --indir"),
        (("--indir", "a", "--trim-bottom", "x"), "--trim-bottom: must be a whole number, not 'x'"),
        (("--indir", ""), "--indir: must be a path, not ''"),
        (("--indir", "a", "--cache="), "--cache: must be a path, not ''"),
        (("--indir", "a", "--mode", "brisk"), "--mode: invalid choice: 'brisk'"),
        (("--indir", "a", "--trim_bottum", "1"), "unrecognized arguments: --trim-bottum 1"),
        (("--indir", "a", "--trim-b", "1"), "unrecognized arguments: --trim-b 1"),
    ],
)
def test_wrong_command_line(
    words: Sequence[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line ends with status 2 and one line that says what is wrong."""
    assert run(*words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("autofocus stage_x: error: ")
    assert complaint in line
    assert line.endswith("(see autofocus stage_x --help)")


def test_refused_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that the settings reject ends with status 2 and their sentence."""
    assert run("--indir", "a", "--trim-bottom", "-1") == 2
    assert capsys.readouterr().err == (
        "autofocus stage_x: error: trim_bottom must not be negative: -1.\n"
    )


def test_help_shows_defaults() -> None:
    """The help shows each default that says something, 0 and `--[no-]` options included, once."""
    text = helped()
    for line in (
        "--trim-bottom ROWS    rows to cut, 100 % at most (default: 198)",
        "--trim-top TRIM_TOP   rows to cut (default: 0)",
        "--names NAMES [NAMES ...]\n                        names (default: JPG PNG)",
        "--mode {fast,slow}    how (default: fast)",
        "--keep-all, --no-keep-all\n                        keep (default: True)\n",
    ):
        assert line in text


def test_help_hides_defaults_that_say_nothing() -> None:
    """The help shows no default of an option that is off or unset, and takes `%` as it is."""
    text = helped()
    assert "--flip-left           flip, in 50 % of all cases\n" in text
    assert "--cache CACHE         a folder (default: beside the output)\n" in text
    assert "--indir INDIR         where from\n" in text


def test_help_ends_with_the_example() -> None:
    """The help says what the stage does and ends with a line to copy."""
    text = helped(columns="40")
    assert "\nDoes something.\n" in text
    assert text.endswith("\nexample:\n  autofocus stage_x --indir a --out-dir b\n")


def fail(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (SettingError("Wrong: mend it."), 2, "Wrong: mend it."),
        (InputDataError("a.csv is no table."), 3, "a.csv is no table."),
        (TooManyRejectedError("3 of 4."), 4, "3 of 4."),
        (CredentialsError("Log in."), 5, "Log in."),
        (RunError("It failed."), 1, "It failed."),
        (PermissionError(13, "Permission denied", "/o/x"), 5, "Permission denied (/o/x)"),
        (OSError(36, "File name too long", "/o/x"), 3, "File name too long (/o/x)"),
        (IsADirectoryError(21, "Is a directory", "/o"), 3, "Is a directory (/o)"),
        (
            OSError(28, "No space left on device"),
            5,
            "No space left on device: free some, and start again",
        ),
        (OSError("cannot write mode F"), 5, "cannot write mode F"),
    ],
)
def test_errors_are_one_sentence(
    error: Exception, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error, of ours or of the system, ends with one sentence and the status of its kind."""
    assert guarded("autofocus stage_x", fail(error)) == status
    assert capsys.readouterr().err == f"autofocus stage_x: error: {sentence}\n"


def test_a_fault_in_the_program_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw is named in one sentence, and traced if that is asked for."""
    fault = (
        "this is a fault in Autofocus (ZeroDivisionError: a\\x1bb): please report it, with what"
    )
    for debug, is_traced in (("", False), ("1", True)):
        monkeypatch.setenv("AUTOFOCUS_DEBUG", debug)
        assert guarded("autofocus stage_x", fail(ZeroDivisionError("a\x1bb"))) == 1
        said = capsys.readouterr().err
        assert fault in said.splitlines()[-1]
        assert ("Traceback" in said) == is_traced
    assert guarded("autofocus stage_x", fail(MemoryError())) == 5


WAIT = """
import sys, time
from autofocus.options.command import Command

def wait():
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)

raise SystemExit(Command("stage_x", "", "", wait, ()).main([]))
"""


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (
            signal.SIGINT,
            130,
            b"autofocus stage_x: error: stopped; run the same command to continue\n",
        ),
        (
            signal.SIGTERM,
            143,
            b"autofocus stage_x: error: stopped; run the same command to continue\n",
        ),
    ],
)
def test_stopped_by_a_signal(sent: signal.Signals, status: int, said: bytes) -> None:
    """Ctrl-C and SIGTERM end a command cleanly, with the shell's statuses and no traceback."""
    command = [sys.executable, "-c", WAIT]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"waiting\n"
        process.send_signal(sent)
        assert process.stderr.read() == said
        assert process.wait(30) == status


STAGE_X = "from tests.options.test_command import COMMAND as c; raise SystemExit(c.main())"
AUTOFOCUS = "from autofocus.cli import main; raise SystemExit(main())"


@pytest.mark.parametrize(
    "words",
    [
        (STAGE_X, "--indir", "a"),
        (STAGE_X, "--help"),
        (AUTOFOCUS, "--help"),
        (AUTOFOCUS, "--version"),
        (AUTOFOCUS, "audit", "--help"),
    ],
)
def test_reader_that_has_gone(words: tuple[str, ...]) -> None:
    """Where the reader of the output has gone, as in `| head`, the command ends in silence."""
    command = [sys.executable, "-c", *words]
    root = Path(__file__).parents[2]
    # As people have it: Python keeps back what it writes into a pipe.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 141


def test_names_that_cannot_be_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A name that the output can't encode is printed escaped, and costs no result."""
    command = Command("x", "", "", lambda: "a\udcff", ())
    assert run(command=command) == 0
    assert capfdbinary.readouterr().out == b"a\\udcff\n"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--module", "a"], "a"),
        (["--backbone", "a"], "a"),
        (["--module", "a", "--backbone", "a"], "a"),
        (["--module", "b", "--module", "a"], "a"),
    ],
)
def test_an_option_may_have_two_names(
    words: list[str], value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Either name sets the same field; both together may, if they agree."""
    assert run("--indir", "in", *words) == 0
    assert f"module='{value}'" in capsys.readouterr().out


@pytest.mark.parametrize("order", [("--module", "--backbone"), ("--backbone", "--module")])
def test_two_names_of_an_option_must_not_contradict_each_other(
    order: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two values under two names are an error that names both."""
    assert run("--indir", "in", order[0], "a", order[1], "b") == 2
    message = f"{order[0]} and {order[1]} are one option, but have different values"
    assert message in capsys.readouterr().err


def test_what_a_command_checks_comes_before_its_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """A stage whose check fails is not called, nor imported."""

    def check(indir: Path) -> None:
        raise InputDataError(f"no {indir}")

    never = Command("x", "", "", Stage("no_such_stage"), (Argument("indir", ""),), check=check)
    assert never.main(["--indir", "i"]) == 3
    assert capsys.readouterr().err == "autofocus x: error: no i\n"
