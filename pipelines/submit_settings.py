"""The options of `pipelines.submit`."""

import re
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import SettingError
from autofocus.options.settings import option, require, require_not_negative
from pipelines.following import FollowSettings


@dataclass(frozen=True)
class SubmitSettings(FollowSettings):
    """The names of things on the cluster, and what to do with a run."""

    set: tuple[str, ...] = option(
        (), "parameters, which prevail over those of --params", metavar="NAME=VALUE"
    )
    pipeline_name: str | None = option(
        None, "the pipeline's name on the cluster; by default as it was compiled", metavar="NAME"
    )
    experiment: str = option("autofocus", "the experiment that the run belongs to", metavar="NAME")
    run_name: str | None = option(
        None, "the run's name; by default the pipeline's and the time", metavar="NAME"
    )
    namespace: str | None = option(
        None, "your namespace, where the cluster serves several users", metavar="NAME"
    )
    cache: bool = option(True, "reuse the results of earlier runs, where the pipeline allows it")
    manifest_from: str | None = option(
        None,
        "reuse the downloads of an earlier run, by its id or link, where the bucket can't be "
        "listed from here",
        metavar="RUN",
    )
    parallelism: int = option(
        0, "maximum number of shards at the same time (0: no limit)", metavar="N"
    )
    wait: bool = option(False, "follow the run until it ends, and fail if it does")
    dry_run: bool = option(False, "check everything and print the plan, but create nothing")
    follow: str | None = option(
        None, "follow this run, by its id or link, in place of starting one", metavar="RUN"
    )
    cancel: str | None = option(
        None, "end this run, by its id or link, in place of starting one", metavar="RUN"
    )

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            SettingError: one can't be used.
        """
        super().__post_init__()
        require_not_negative(self, "parallelism")
        for name in ("pipeline_name", "experiment", "run_name", "namespace"):
            value = getattr(self, name)
            require(value is None or bool(value.strip()), f"{name} must not be empty.")
        require(
            self.follow is None or self.cancel is None,
            "Give either --follow or --cancel, not both.",
        )


def run_id(text: str) -> str:
    """Return the id of a run that is given by its id or its link.

    Raises:
        SettingError: it is neither.
    """
    identifier = text.strip().rpartition("details/")[2].partition("?")[0].rstrip("/")
    if not re.fullmatch(r"[\w.-]+", identifier, re.ASCII):
        raise SettingError(f"Give a run by its id or its link, not as {text!r}.")
    return identifier


def check_use(pipeline: Path | None, params: Path | None, settings: SubmitSettings) -> None:
    """Check that what starts a run isn't given together with a run.

    Args:
        pipeline: the compiled pipeline, if it was given.
        params: the parameter file, if it was given.
        settings: all other options.

    Raises:
        SettingError: it is.
    """
    instead = {"--follow": settings.follow, "--cancel": settings.cancel}
    given = {
        "--pipeline": pipeline is not None,
        "--params": params is not None,
        "--set": bool(settings.set),
        "--dry-run": settings.dry_run,
    }
    for name, run in instead.items():
        for start, is_given in given.items():
            require(
                run is None or not is_given,
                f"{name} takes a run that was started before: leave {start} out.",
            )
