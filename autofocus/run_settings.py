"""The settings and the command line of `run`."""

from dataclasses import dataclass

from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import option


@dataclass(frozen=True)
class RunSettings:
    """The options of the command `run`."""

    check: bool = option(
        False, "only check files, tables, labels, locations, disk and servers, and write nothing"
    )


COMMAND = Command(
    name="run",
    summary="Run all stages in sequence, from one parameter file.",
    example="autofocus run --params sample_data/run.yaml --outdir results/",
    function=Stage("run", "run_or_check"),
    arguments=(
        Argument("params", "a YAML file with a section for each stage"),
        Argument("outdir", "the folder to write to"),
    ),
    settings=RunSettings,
)
