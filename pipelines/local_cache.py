"""The results of earlier local runs, which kfp's runner takes in place of running a task again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autofocus.errors import need
from pipelines.completeness import EXECUTOR_OUTPUT
from pipelines.interface import EXTRA


@contextmanager
def record_reused() -> Iterator[list[Path]]:
    """Record which tasks kfp's cache knows, as nothing else tells a run's outputs from others.

    Yields:
        The executor output of each task that was taken from an earlier run; grows meanwhile.
    """
    cache = need("kfp.local.cache", EXTRA).LocalCache
    reused: list[Path] = []
    look_up = cache.get

    def get(self: Any, key: str) -> Any:
        outputs = look_up(self, key)
        if outputs:
            # All outputs of a task stand in one folder.
            reused.append(Path(next(iter(outputs.values())).uri).parent / EXECUTOR_OUTPUT)
        return outputs

    cache.get = get
    try:
        yield reused
    finally:
        cache.get = look_up
