"""A browser for tests of the report, which are skipped where there is none.

With `AUTOFOCUS_REQUIRE_CHROMIUM=1`, as in CI, they fail there.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.reporting.browsing import Browser


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """A headless Chromium with a profile of its own."""
    if not shutil.which("chromium"):
        if os.environ.get("AUTOFOCUS_REQUIRE_CHROMIUM") == "1":
            pytest.fail("Chromium is required, but not installed.")
        pytest.skip("Chromium is not installed.")
    folder = tmp_path / "browser"
    folder.mkdir()
    return Browser(folder)
