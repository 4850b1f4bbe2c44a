"""The command `autofocus`: every stage as a subcommand.

Only the chosen stage is imported, so that `autofocus --help` is fast.
"""

import importlib
import sys
from collections.abc import Sequence

from autofocus import __version__
from autofocus.errors import ExitStatus, SettingError
from autofocus.options.command import Command, guarded
from autofocus.options.extras import missing_package
from autofocus.options.settings import shown
from autofocus.runs.garbage import rare_collections

COMMANDS = {
    "init": "inspect images and tables, and write a parameter file for `run`",
    "download_images": "download images and tables from an S3 bucket",
    "preprocess_images": "crop and resize images; record time, night and brightness",
    "ingest_images": "download and preprocess images in one go, without keeping the originals",
    "clean_detections": "join detection tables to images",
    "link_images_by_label": "link each image into the folder of its label",
    "embed": "compute what retrain needs of images, so that it can do without them",
    "retrain": "train a classifier on a pretrained backbone, and evaluate it",
    "predict": "label images with a trained model",
    "serve": "serve a trained model over HTTP",
    "label": "label new images of a folder or bucket with a trained model, and export the results",
    "promote": "give an alias such as champion to a version of a registered model",
    "export": "write results in the formats that other programs open",
    "import_corrections": "read corrected labels back as detections for the next run",
    "publish_labels": "merge label tables, and upload the result to an S3 bucket",
    "run": "run all stages, from one parameter file",
    "weights": "fetch the weights of the embedded detector",
    "audit": "summarise the ledgers of a run",
    "make_sample": "make a synthetic data set: images and detection tables",
    "demo": "run all stages on a synthetic data set and a local S3 server",
}

# The commands that aren't in the module of their name: those of heavy stages are beside their
# settings, so that `--help` is fast.
_MODULES = {
    "make_sample": "autofocus.demo.make_sample",
    "demo": "autofocus.demo.run_demo",
    "preprocess_images": "autofocus.preprocess_settings",
    "ingest_images": "autofocus.ingest_settings",
    "embed": "autofocus.embed_settings",
    "retrain": "autofocus.retrain_settings",
    "predict": "autofocus.predict_settings",
    "label": "autofocus.label_settings",
    "run": "autofocus.run_settings",
    "init": "autofocus.init_settings",
    "clean_detections": "autofocus.clean_settings",
    "link_images_by_label": "autofocus.link_settings",
    "serve": "autofocus.serve_settings",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run `autofocus <command> ...` and return its exit status."""
    words = sys.argv[1:] if words is None else words
    name = words[0].replace("-", "_") if words else ""
    program = f"autofocus {name}" if name in COMMANDS else "autofocus"
    return guarded(program, lambda: _run(name, words))


def _run(name: str, words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return ExitStatus.SUCCESS if words else ExitStatus.USAGE
    if words[0] == "--version":
        print(f"autofocus {__version__}")
        return ExitStatus.SUCCESS
    if name not in COMMANDS:
        raise SettingError(f"unknown command {shown(words[0])}; known are {', '.join(COMMANDS)}.")
    return load(name).main(words[1:])


def load(name: str) -> Command:
    """Return a command by its name in `COMMANDS`.

    Raises:
        MissingDependencyError: a package that it needs isn't installed.
    """
    try:
        # Modules make many objects, none of them garbage.
        with rare_collections():
            module = importlib.import_module(_MODULES.get(name, f"autofocus.{name}"))
    except ModuleNotFoundError as error:
        raise missing_package(name, error) from None
    command: Command = module.COMMAND
    return command


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    statuses = [f"  {status:>3}  {status.meaning}" for status in ExitStatus]
    return "\n".join(
        [
            "usage: autofocus COMMAND [--help] [options]",
            "",
            "From camera-trap images in an S3 bucket to a trained, tracked species classifier.",
            "",
            *lines,
            "",
            "Commands and options can be written with - or _.",
            "",
            "exit status:",
            *statuses,
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
