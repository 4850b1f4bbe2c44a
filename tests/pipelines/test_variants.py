"""Claims about compiled pipelines with other settings of their tasks."""

from pathlib import Path

import yaml

from pipelines.interface import load_documents
from pipelines.variants import without_caching
from tests.pipelines.fake_api import TINY, write_tiny


def test_caching_is_turned_off_inside_loops_too(tmp_path: Path) -> None:
    """No task keeps its cache, all else stays, and so does the second document."""
    documents = load_documents(write_tiny(tmp_path))
    changed = list(yaml.safe_load_all(without_caching(documents)))
    assert "enableCache" not in str(changed)
    expected = TINY.replace("cachingOptions: {enableCache: true}", "cachingOptions: {}")
    without = list(yaml.safe_load_all(expected))
    without[0]["root"]["dag"]["tasks"]["for-loop-1"]["cachingOptions"] = {}
    assert changed == without
    assert "enableCache" in str(documents)
