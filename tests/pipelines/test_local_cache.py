"""Tests of which tasks of a local run were taken from kfp's cache."""

from pathlib import Path

import pytest
from kfp import dsl
from kfp.local.cache import LocalCache

from pipelines.local_cache import record_reused


@pytest.fixture
def cache(tmp_path: Path) -> LocalCache:
    """A cache that knows one task, whose output exists."""
    output = tmp_path / "clean" / "table"
    output.parent.mkdir()
    output.write_text("table")
    cache = LocalCache(str(tmp_path / "cache"))
    cache.put("known", {"table": dsl.Dataset(name="table", uri=str(output))})
    return cache


def test_a_task_that_the_cache_knows_is_recorded(cache: LocalCache, tmp_path: Path) -> None:
    """The executor output beside the task's outputs is recorded; that of no other task is."""
    with record_reused() as reused:
        assert cache.get("known") is not None
        assert cache.get("unknown") is None
    assert reused == [tmp_path / "clean" / "executor_output.json"]


def test_an_output_that_is_gone_is_not_reused(cache: LocalCache, tmp_path: Path) -> None:
    """Without its output a task runs again, and is not recorded."""
    (tmp_path / "clean" / "table").unlink()
    with record_reused() as reused:
        assert cache.get("known") is None
    assert reused == []


def test_nothing_is_recorded_afterwards(cache: LocalCache) -> None:
    """The cache is as it was when the run has ended."""
    with record_reused() as reused:
        pass
    cache.get("known")
    assert reused == []
