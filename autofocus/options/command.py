"""The command line of a stage, made from its function and its settings.

Options can be written with `-` or `_`. An error is printed as one sentence on standard error.
"""

import argparse
import dataclasses
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from autofocus.errors import AutofocusError, ExitStatus
from autofocus.options import settings as settings_module
from autofocus.options.extras import missing_package
from autofocus.options.settings import Kind
from autofocus.redaction import without_secrets


@dataclass(frozen=True)
class Argument:
    """A parameter of a stage's function besides its settings, such as an input or output path.

    Attributes:
        name: the name of the parameter and of the option.
        help: the text for `--help`.
        kind: the kind of its value.
        default: the default value; with None, the option is required if `required` is True.
        required: whether it must be given.
        positional: whether it is given without `--name`.
    """

    name: str
    help: str
    kind: Kind = Kind(Path)  # noqa: RUF009 - frozen, so that sharing it does no harm
    default: Any = None
    required: bool = True
    positional: bool = False


@dataclass(frozen=True)
class Command:
    """The command that runs a stage.

    Attributes:
        name: the stage's name, such as ``preprocess_images``.
        summary: what it does, in one sentence.
        example: a command line to copy.
        function: the stage; it takes the arguments by name, and `settings`.
        arguments: the parameters of the function besides its settings.
        settings: its settings dataclass, if it has any.
    """

    name: str
    summary: str
    example: str
    function: Callable[..., Any]
    arguments: Sequence[Argument]
    settings: type | None = None

    @property
    def program(self) -> str:
        """The command line without its options."""
        return f"autofocus {self.name}"

    def main(self, words: Sequence[str] | None = None) -> int:
        """Run the command and return its exit status; print the result as text.

        Args:
            words: the command line without the program's name; the process's own by default.
        """
        words = sys.argv[1:] if words is None else words
        return guarded(self.program, lambda: self._run_or_explain(words))

    def _run_or_explain(self, words: Sequence[str]) -> None:
        try:
            self._run(words)
        except ModuleNotFoundError as error:
            raise missing_package(self.name, error) from None

    def _run(self, words: Sequence[str]) -> None:
        given = vars(self.parser().parse_args(with_dashes(words)))
        arguments = {argument.name: given.pop(argument.name) for argument in self.arguments}
        if self.settings is not None:
            chosen = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in given.items()
            }
            arguments["settings"] = self.settings(**chosen)
        print(without_secrets(str(self.function(**arguments))))

    def parser(self) -> argparse.ArgumentParser:
        """Return the parser of this command's options."""
        parser = _Parser(
            prog=self.program,
            description=self.summary,
            epilog=f"example:\n  {self.example}",
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        for argument in self.arguments:
            _add_argument(parser, argument)
        if self.settings is not None:
            known = settings_module.kinds(self.settings)
            groups: dict[str, Any] = {"": parser}
            for field in dataclasses.fields(self.settings):
                name = field.metadata["group"]
                if name not in groups:
                    groups[name] = parser.add_argument_group(name)
                _add_option(groups[name], field, known[field.name])
        return parser


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one sentence."""

    def error(self, message: str) -> NoReturn:
        sentence = without_secrets(f"{self.prog}: error: {message} (see {self.prog} --help)")
        self.exit(ExitStatus.USAGE, f"{sentence}\n")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the example, and shows default values once."""

    def _get_help_string(self, action: argparse.Action) -> str:
        # Until Python 3.12, argparse adds the default of a `--[no-]` option itself.
        text = (action.help or "").removesuffix(" (default: %(default)s)")
        if (default := _shown(action.default)) and "(default: " not in text:
            text += f" (default: {default})"
        return text.replace("%", "%%")


def _shown(default: Any) -> str:
    """Return a default value as text; empty for None and False, which `--help` need not show."""
    if default is None or default is False or default is argparse.SUPPRESS:
        return ""
    if isinstance(default, (tuple, list)):
        return " ".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _add_argument(parser: argparse.ArgumentParser, argument: Argument) -> None:
    more: dict[str, Any] = {"type": _parse(argument.kind), "help": argument.help}
    if argument.kind.many:
        more |= _many(argument.default)
    if argument.kind.choices:
        more["choices"] = argument.kind.choices
    if argument.positional:
        parser.add_argument(argument.name, **more)
        return
    parser.add_argument(
        _flag(argument.name),
        required=argument.required and argument.default is None,
        dest=argument.name,
        **{"default": argument.default, **more},
    )


def _add_option(group: Any, field: "dataclasses.Field[Any]", kind: Kind) -> None:
    more: dict[str, Any] = {
        "help": field.metadata["help"],
        "default": field.default,
        "dest": field.name,
    }
    if kind.base is bool:
        more["action"] = argparse.BooleanOptionalAction if field.default else "store_true"
    else:
        more |= {"type": _parse(kind), "metavar": field.metadata["metavar"]}
        if kind.many:
            more |= _many(field.default)
        if kind.choices:
            more["choices"] = kind.choices
    names = (field.name, field.metadata.get("alias"))
    group.add_argument(*(_flag(name) for name in names if name), **more)


def _many(default: Any) -> dict[str, Any]:
    """Return how argparse takes several values; without a default, those of every use add up."""
    return {"nargs": "+"} if default else {"nargs": "+", "action": "extend", "default": []}


def _parse(kind: Kind) -> Callable[[str], Any]:
    def parse(word: str) -> Any:
        try:
            return kind.parse(word)
        except TypeError as error:
            raise argparse.ArgumentTypeError(f"must be {error}") from None

    return parse


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def with_dashes(words: Sequence[str]) -> list[str]:
    """Return the words with `-` for `_` in options, so that `--trim_bottom` is `--trim-bottom`."""
    # After a lone `--` there are only values.
    end = words.index("--") if "--" in words else len(words)
    options = [_with_dashes(word) if word.startswith("--") else word for word in words[:end]]
    return [*options, *words[end:]]


def _with_dashes(word: str) -> str:
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value


def guarded(program: str, work: Callable[[], int | None]) -> int:
    """Run a command, and turn errors into one sentence and an exit status.

    Args:
        program: the beginning of the sentence.
        work: runs the command; may return its exit status.

    Returns:
        An `ExitStatus`.
    """
    _end_cleanly_on_sigterm()
    _print_every_name()
    try:
        status = _run_or_report(program, work)
        # When the interpreter exits, a closed pipe would cause a traceback.
        sys.stdout.flush()
    except BrokenPipeError:
        return _forget_the_reader()
    return status


def _run_or_report(program: str, work: Callable[[], int | None]) -> int:
    try:
        return work() or ExitStatus.SUCCESS
    except SystemExit as end:
        # Of `--help`, or of a wrong command line.
        if end.code is None or isinstance(end.code, int):
            sys.stdout.flush()
        raise
    except AutofocusError as error:
        return _fail(program, str(error), error.exit_status)
    except KeyboardInterrupt:
        sentence = "stopped; run the same command to continue"
        return _fail(program, sentence, ExitStatus.INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        return _fail(program, f"{error.strerror or error}{place}", _status_of(error))


def _status_of(error: OSError) -> ExitStatus:
    is_path = isinstance(error, (FileNotFoundError, IsADirectoryError, NotADirectoryError))
    return ExitStatus.INPUT if is_path else ExitStatus.ENVIRONMENT


def _forget_the_reader() -> ExitStatus:
    """Write nothing more: the reader of the output has exited, so nobody would see it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
        with suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    return ExitStatus.READER_GONE


def _fail(program: str, sentence: str, status: ExitStatus) -> ExitStatus:
    print(without_secrets(f"{program}: error: {sentence}"), file=sys.stderr)
    return status


def _print_every_name() -> None:
    """Escape characters of file names that the output's encoding lacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _end_cleanly_on_sigterm() -> None:
    def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal's form
        raise SystemExit(ExitStatus.STOPPED)

    signal.signal(signal.SIGTERM, stop)
