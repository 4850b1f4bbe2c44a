"""The settings and the command line of `init`."""

from dataclasses import dataclass
from pathlib import Path

from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import (
    Kind,
    endpoint_option,
    jobs_option,
    option,
    request_payer_option,
    require_not_negative,
)


@dataclass(frozen=True)
class InitSettings:
    """The options of `init`."""

    endpoint_url: str | None = endpoint_option()
    no_sign_request: bool = option(False, "send no credentials, for public buckets")
    request_payer: bool = request_payer_option()
    jobs: int = jobs_option()

    def __post_init__(self) -> None:
        require_not_negative(self, "jobs")


COMMAND = Command(
    name="init",
    summary="Inspect images and tables, and write a commented parameter file for `run`.",
    example="autofocus init images --outpath run.yaml",
    function=Stage("init"),
    arguments=(
        Argument("source", "a folder, or s3://bucket/prefix", Kind(str), positional=True),
        Argument("outpath", "the parameter file to write", default=Path("run.yaml")),
    ),
    settings=InitSettings,
)
