"""Recurring runs: a pipeline that Kubeflow starts by a schedule.

Kubeflow lets several recurring runs have one name. Here a name stands for one: the new one is
created before those of the same name are deleted, so that no time is missed, and a command that
was interrupted is completed by giving it again.
"""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from autofocus.download_settings import UNCHECKED
from autofocus.errors import ClusterError, SettingError
from autofocus.options.settings import shown
from pipelines.cluster import Cluster
from pipelines.interface import ParameterValue, PipelineInterface
from pipelines.jobs import Job, note
from pipelines.manifest import MANIFEST, ONLY_NEW
from pipelines.schedule import Schedule
from pipelines.workflow import one_line

# In place of a schedule.
OFF, LIST = "off", "list"
TIMES_SHOWN = 3
# Of the user interface's addresses.
_LINK = "recurringrun"


def complete_values(
    interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return the values of a recurring run: it takes only what is new, unless told otherwise.

    Args:
        interface: the pipeline.
        values: the given values by parameter.

    Raises:
        SettingError: the manifest is that of one state of the bucket.
    """
    manifest = values.get(MANIFEST)
    if manifest is not None and not str(manifest.value).startswith(UNCHECKED):
        raise SettingError(
            f"{manifest.where}: manifest is of the bucket's state now, which each run would find "
            "changed: leave it out with --every."
        )
    if ONLY_NEW not in interface.parameters or ONLY_NEW in values:
        return dict(values)
    note(f"{ONLY_NEW}=true: each run takes what earlier ones have not labelled (--every).")
    return {**values, ONLY_NEW: ParameterValue(True, "--every")}


def plan(cluster: Cluster, job: Job, schedule: Schedule) -> str:
    """Return what would be created, as one line."""
    earlier = find(cluster, job.names["run"], job.namespace)
    instead = f", in place of {_described(earlier[-1])}" if earlier else ""
    return f"recurring run {job.names['run']}: would be created{instead}\n{_times(schedule)}"


def replace(cluster: Cluster, job: Job, ids: Mapping[str, str], schedule: Schedule) -> str:
    """Create a recurring run, then delete the earlier ones of the same name.

    Args:
        cluster: the server.
        job: what each run is started with.
        ids: the ids of its pipeline, version and experiment.
        schedule: when.

    Returns:
        What to print.

    Raises:
        ClusterError: the server can't be used; if the new one is there by then, it says so.
    """
    name = job.names["run"]
    earlier = find(cluster, name, job.namespace)
    created = cluster.create(
        "recurring_run",
        **job.body(ids),
        description=job.interface.description,
        mode="ENABLE",
        # A run that takes longer than the interval is waited for, and what was missed meanwhile
        # starts once: two runs at a time would label the same images.
        max_concurrency="1",
        no_catchup=True,
        trigger={"cron_schedule": {"cron": schedule.cron}},
    )
    lines = [f"recurring run {name}: {cluster.link(_LINK, created)}", _times(schedule)]
    try:
        lines += _delete(cluster, earlier)
    except ClusterError as error:
        where, reason = cluster.link(_LINK, created), str(error).rstrip(".")
        raise type(error)(
            f"The new recurring run {name} is there ({where}), and an earlier one still is "
            f"({reason}): give the same command again."
        ) from None
    return "\n".join(lines)


def end(cluster: Cluster, name: str, namespace: Mapping[str, str], *, dry_run: bool) -> str:
    """Delete the recurring runs of a name.

    Args:
        cluster: the server.
        name: their name.
        namespace: the namespace, if the server has any.
        dry_run: only report what would be deleted.

    Returns:
        What to print.

    Raises:
        SettingError: there is none.
    """
    found = find(cluster, name, namespace)
    if not found:
        names = sorted({_name(run) for run in cluster.recurring_runs(**namespace)})
        raise SettingError(
            f"There is no recurring run {shown(name)} at {cluster.host}: known are "
            f"{', '.join(map(shown, names)) or 'none'} (--run-name)."
        )
    if dry_run:
        return "\n".join(f"would be deleted: {_described(run)}" for run in found)
    return "\n".join(_delete(cluster, found))


def describe(cluster: Cluster, namespace: Mapping[str, str]) -> str:
    """Return all recurring runs, one per line."""
    runs = sorted(cluster.recurring_runs(**namespace), key=_name)
    lines = [f"{_described(run)}: {cluster.link(_LINK, _id(run))}" for run in runs]
    return "\n".join(lines) or f"There is no recurring run at {cluster.host}."


def find(cluster: Cluster, name: str, namespace: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the recurring runs of a name, the latest last."""
    # Not by a filter of the server, some of which take capitals for small letters.
    runs = [run for run in cluster.recurring_runs(**namespace) if _name(run) == name]
    return sorted(runs, key=lambda run: str(run.get("created_at")))


def _delete(cluster: Cluster, runs: list[dict[str, Any]]) -> list[str]:
    lines = []
    for run in runs:
        cluster.delete_recurring_run(_id(run))
        lines.append(f"deleted: {_described(run)}")
    return lines


def _name(run: Mapping[str, Any]) -> str:
    return str(run.get("display_name") or "")


def _id(run: Mapping[str, Any]) -> str:
    return str(run.get("recurring_run_id") or "")


def _described(run: Mapping[str, Any]) -> str:
    """Return a recurring run's name, schedule and state."""
    trigger = run.get("trigger") or {}
    cron = (trigger.get("cron_schedule") or {}).get("cron")
    seconds = (trigger.get("periodic_schedule") or {}).get("interval_second")
    when = f"every {seconds} s" if seconds else f'"{one_line(cron)}"'
    is_off = "DISABLE" in str(run.get("status") or run.get("mode"))
    state = ", disabled" if is_off else ""
    since = str(run.get("created_at") or "")[:10]
    return f"{one_line(_name(run))} ({when}{state}, since {since or 'an unknown day'})"


def _times(schedule: Schedule) -> str:
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    times = ", ".join(f"{time:%Y-%m-%d %H:%M}" for time in schedule.times(now, TIMES_SHOWN))
    return f"next runs (UTC): {times}"
