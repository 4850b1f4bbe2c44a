"""The command line of a stage, made from its function and its settings.

Options can be written with `-` or `_`. An error is printed as one sentence on standard error.
"""

import argparse
import dataclasses
import errno
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from autofocus import interrupts
from autofocus.errors import AutofocusError, ExitStatus
from autofocus.options import printing
from autofocus.options import settings as settings_module
from autofocus.options.extras import missing_package
from autofocus.options.printing import Output, harmless, message, shown, standard_streams
from autofocus.options.settings import Kind
from autofocus.redaction import without_secrets

# A variable; with it, errors are printed with their traceback.
DEBUG = "AUTOFOCUS_DEBUG"
# Of TensorFlow, and of Python where a limit leaves no room for a thread.
_OTHERS_MEMORY_ERRORS, _NO_THREAD = ("ResourceExhaustedError",), "can't start new thread"
# Of an OSError for lack of space, on a disk or in a quota.
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
# Of an OSError that is about a path, and not about the machine.
_PATH_ERRORS = (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EEXIST, errno.ENOTEMPTY)


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
class Stage:
    """The function of a stage, imported when it is called.

    So a command explains and reads its options without what the stage needs.

    Attributes:
        name: of the stage's module in this package.
        function: the name of its function, if it is another.
    """

    name: str
    function: str = ""

    def __call__(self, **arguments: Any) -> Any:
        """Call the stage, and return its result."""
        return self.load()(**arguments)

    def load(self) -> Callable[..., Any]:
        """Return the function itself."""
        module = importlib.import_module(f"autofocus.{self.name}")
        function: Callable[..., Any] = getattr(module, self.function or self.name)
        return function


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
        check: takes what the function takes, and raises an error of which the stage itself would
            only tell when it is imported, which may take long; or None.
    """

    name: str
    summary: str
    example: str
    function: Callable[..., Any]
    arguments: Sequence[Argument]
    settings: type | None = None
    check: Callable[..., None] | None = None

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
        _hold_back_warnings()
        given = vars(self.parser().parse_args(with_dashes(words)))
        arguments = {argument.name: given.pop(argument.name) for argument in self.arguments}
        if self.settings is not None:
            chosen = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in given.items()
            }
            arguments["settings"] = self.settings(**chosen)
        if self.check is not None:
            self.check(**arguments)
        print(harmless(without_secrets(str(self.function(**arguments)))))

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
        sentence = f"{self.prog}: error: {message} (see {self.prog} --help)"
        self.exit(ExitStatus.USAGE, printing.message(without_secrets(sentence)) + "\n")


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
        if argument.default is not None:
            more |= {"nargs": "?", "default": argument.default}
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
    if names[1] and not kind.many and "action" not in more:
        more["action"] = _StoreOnce
    group.add_argument(*(_flag(name) for name in names if name), **more)


class _StoreOnce(argparse.Action):
    """Stores a value, which must not be contradicted under another name of the option."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's form
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given: dict[str | None, Any] = self.__dict__.setdefault("given", {})
        given[option_string] = values
        for name, value in given.items():
            if value != values:
                raise argparse.ArgumentError(
                    self, f"{name} and {option_string} are one option, but have different values"
                )
        setattr(namespace, self.dest, values)


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


def _hold_back_warnings() -> None:
    """Hold back the warnings of libraries, which are about their use and not about the data."""
    if interrupts.owns_process() and not sys.warnoptions and not os.environ.get(DEBUG):
        warnings.simplefilter("ignore")


def guarded(program: str, work: Callable[[], int | None]) -> int:
    """Run a command, and turn errors into one sentence and an exit status.

    Args:
        program: the beginning of the sentence.
        work: runs the command; may return its exit status.

    Returns:
        An `ExitStatus`.
    """
    try:
        interrupts.begin(program)
        with standard_streams() as output:
            status = _run_or_report(program, work)
            status = _report_lost_output(program, status, output)
        return interrupts.finish(status)
    except KeyboardInterrupt:
        return interrupts.end()


def _run_or_report(program: str, work: Callable[[], int | None]) -> int:
    try:
        return work() or ExitStatus.SUCCESS
    except SystemExit as end:
        # Of `--help`, or of a wrong command line.
        return end.code if isinstance(end.code, int) else ExitStatus.SUCCESS
    except BrokenPipeError:
        return ExitStatus.READER_GONE
    except Exception as error:
        return _fail(program, *_explain(error))


def _explain(error: Exception) -> tuple[str, ExitStatus]:
    """Return what an error says, and the exit status of its kind."""
    if isinstance(error, AutofocusError):
        return str(error), error.exit_status
    if isinstance(error, OSError):
        place = f" ({shown(error.filename, 300)})" if error.filename else ""
        advice = ": free some, and start again" if error.errno in _FULL_DISK else ""
        return f"{shown(error.strerror or error, 300)}{place}{advice}", _status_of(error)
    kind, said = type(error).__name__, shown(error, 300)
    if isinstance(error, MemoryError) or kind in _OTHERS_MEMORY_ERRORS or said == _NO_THREAD:
        sentence = "there is not enough memory: use fewer --jobs, or a machine with more."
        return sentence, ExitStatus.ENVIRONMENT
    sentence = (
        f"this is a fault in Autofocus ({kind}{said and f': {said}'}): please report it, with "
        f"what {DEBUG}=1 shows."
    )
    return sentence, ExitStatus.FAILURE


def _status_of(error: OSError) -> ExitStatus:
    is_path = isinstance(error, (FileNotFoundError, IsADirectoryError, NotADirectoryError))
    is_path = is_path or error.errno in _PATH_ERRORS
    return ExitStatus.INPUT if is_path else ExitStatus.ENVIRONMENT


def _report_lost_output(program: str, status: int, output: Output | None) -> int:
    """Return the status of a command some of whose output was perhaps lost."""
    failure = output.failure if output is not None else None
    if failure is None or status not in (ExitStatus.SUCCESS, ExitStatus.READER_GONE):
        return status
    if isinstance(failure, BrokenPipeError):
        return ExitStatus.READER_GONE
    reason = failure.strerror or failure
    sentence = f"done, but standard output can't be written ({reason})."
    return _fail(program, sentence, ExitStatus.ENVIRONMENT)


def _fail(program: str, sentence: str, status: ExitStatus) -> ExitStatus:
    if interrupts.is_stopping():
        # What a library has made of the stop.
        return status
    if os.environ.get(DEBUG):
        print(without_secrets(traceback.format_exc()), file=sys.stderr)
    print(message(without_secrets(f"{program}: error: {sentence}")), file=sys.stderr)
    return status
