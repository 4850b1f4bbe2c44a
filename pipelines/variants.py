"""Compiled pipelines with other settings of their tasks."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autofocus.errors import SettingError, need
from pipelines.interface import EXTRA

Change = Callable[[dict[str, Any]], object]


def content_to_upload(
    path: Path, documents: Sequence[Any], *, cache: bool = True, parallelism: int = 0
) -> bytes:
    """Return the content of a pipeline's version.

    Args:
        path: the compiled pipeline.
        documents: the documents of its YAML; not changed.
        cache: whether tasks may be taken from the cache.
        parallelism: the maximum number of pods at the same time; 0 for no limit.

    Raises:
        SettingError: there is a limit, but the pipeline has no loop.
    """
    if cache and parallelism == 0:
        return path.read_bytes()
    changed = with_parallelism(documents, parallelism) if parallelism else documents
    text = _dump(changed) if cache else without_caching(changed)
    return text.encode("utf-8")


def without_caching(documents: Sequence[Any]) -> str:
    """Return a compiled pipeline's YAML with the cache of every task turned off.

    The client of kfp ignores its `enable_caching` for a pipeline that was uploaded, and
    otherwise doesn't reach the tasks inside loops: so it is written into the pipeline.

    Args:
        documents: the pipeline's documents; not changed.
    """
    return _dump(_changed(documents, lambda task: task.update(cachingOptions={})))


def without_retries(documents: Sequence[Any]) -> str:
    """Return a compiled pipeline's YAML in which no task is tried again.

    Args:
        documents: the pipeline's documents; not changed.
    """
    return _dump(_changed(documents, lambda task: task.pop("retryPolicy", None)))


def with_parallelism(documents: Sequence[Any], limit: int) -> list[Any]:
    """Return a compiled pipeline whose loops run at most `limit` iterations at the same time.

    Args:
        documents: the pipeline's documents; not changed.
        limit: the maximum number of iterations.

    Raises:
        SettingError: the pipeline has no loop.
    """
    loops: list[dict[str, Any]] = []

    def limit_loop(task: dict[str, Any]) -> None:
        if "parameterIterator" in task:
            loops.append(task)
            task["iteratorPolicy"] = {"parallelismLimit": limit}

    changed = _changed(documents, limit_loop)
    if not loops:
        raise SettingError(
            f"The pipeline {changed[0]['pipelineInfo']['name']} has no loop over shards: "
            "leave --parallelism out."
        )
    return changed


def _changed(documents: Sequence[Any], change: Change) -> list[Any]:
    """Return a copy of a pipeline of which every task, those within loops included, is changed."""
    spec = json.loads(json.dumps(documents[0]))
    for component in [spec["root"], *spec.get("components", {}).values()]:
        for task in component.get("dag", {}).get("tasks", {}).values():
            change(task)
    return [spec, *documents[1:]]


def _dump(documents: Sequence[Any]) -> str:
    text: str = need("yaml", EXTRA).safe_dump_all(documents, sort_keys=True)
    return text
