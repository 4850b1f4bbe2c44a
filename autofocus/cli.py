"""The command `autofocus`: every stage as a subcommand.

Only the chosen stage is imported, so that `autofocus --help` answers at once.
"""

import importlib
import sys
from collections.abc import Sequence

from autofocus import __version__
from autofocus.errors import AutofocusError
from autofocus.options.command import Command

COMMANDS = {
    "download_images": "copy photographs and tables from an S3 bucket",
    "preprocess_images": "trim and resize photographs, measure night and brightness",
    "clean_detections": "join the tables of detections to the photographs",
    "link_images_by_label": "link each photograph into its label's folder",
    "retrain": "train a classifier layer on a frozen ImageNet network",
    "predict": "label photographs with a trained model",
    "publish_labels": "put tables of labels together, and into an S3 bucket",
    "run": "all stages in a row, from one file of parameters",
    "audit": "print the account of all inputs of a run",
    "make_sample": "make a synthetic set of photographs and tables",
    "demo": "make a sample, serve it from a local S3 server, and run all stages on it",
}

# Where a command isn't a module of the package itself.
_MODULES = {"make_sample": "autofocus.demo.make_sample", "demo": "autofocus.demo.run_demo"}


def main(words: Sequence[str] | None = None) -> int:
    """Run `autofocus <command> ...` and return its exit status."""
    words = sys.argv[1:] if words is None else words
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0 if words else 2
    if words[0] == "--version":
        print(f"autofocus {__version__}")
        return 0
    name = words[0].replace("-", "_")
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        print(f"autofocus: error: no command {words[0]!r}; there are {known}.", file=sys.stderr)
        return 2
    return load(name).main(words[1:])


def load(name: str) -> Command:
    """Return a command by its name in `COMMANDS` (raises SystemExit if a package is missing)."""
    try:
        module = importlib.import_module(_MODULES.get(name, f"autofocus.{name}"))
    except ModuleNotFoundError as error:
        # A light install lacks the packages of the heavier stages.
        missing = f"The package {error.name} is not installed"
        raise SystemExit(
            f"autofocus {name}: error: {missing}: install all with pip install 'autofocus[run]'."
        ) from None
    except AutofocusError as error:
        raise SystemExit(f"autofocus {name}: error: {error}") from None
    command: Command = module.COMMAND
    return command


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(
        [
            "usage: autofocus COMMAND [--help] [options]",
            "",
            "From camera-trap photographs in an S3 bucket to a trained, tracked classifier.",
            "",
            *lines,
            "",
            "Commands and options may be written with - or _.",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
