"""The YAML that is uploaded: a compiled pipeline as it is, or with other settings of its tasks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.common.errors import SettingError, need
from pipelines.interface import EXTRA, without_caching


def content_to_upload(
    path: Path, documents: Sequence[Any], *, cache: bool = True, parallelism: int = 0
) -> bytes:
    """Return the content of a pipeline's version.

    Args:
        path: the compiled pipeline.
        documents: the documents of its YAML; not changed.
        cache: whether tasks may be taken from the cache.
        parallelism: the maximum number of shards at the same time; 0 for no limit.

    Raises:
        SettingError: there is a limit, but the pipeline has no loop.
    """
    if cache and parallelism == 0:
        return path.read_bytes()
    changed = with_parallelism(documents, parallelism) if parallelism else list(documents)
    text: str = (
        need("yaml", EXTRA).safe_dump_all(changed, sort_keys=True)
        if cache
        else without_caching(changed)
    )
    return text.encode("utf-8")


def with_parallelism(documents: Sequence[Any], limit: int) -> list[Any]:
    """Return a compiled pipeline whose loops run at most so many iterations at the same time.

    Args:
        documents: the pipeline's documents; not changed.
        limit: the maximum number of iterations.

    Raises:
        SettingError: the pipeline has no loop.
    """
    spec = json.loads(json.dumps(documents[0]))
    loops = [task for task in _tasks(spec) if "parameterIterator" in task]
    if not loops:
        raise SettingError(
            f"The pipeline {spec['pipelineInfo']['name']} has no loop over shards: "
            "leave --parallelism out."
        )
    for task in loops:
        task["iteratorPolicy"] = {"parallelismLimit": limit}
    return [spec, *documents[1:]]


def _tasks(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for component in [spec["root"], *spec.get("components", {}).values()]:
        yield from component.get("dag", {}).get("tasks", {}).values()
