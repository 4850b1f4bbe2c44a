"""Claims about digests of JSON values."""

import hashlib
import json
from typing import Any

import pytest

from autofocus.splits.digests import digest_json


@pytest.mark.parametrize("number", [0, 1, 1024, 1025, 5000])
def test_the_digest_is_that_of_the_whole_text(number: int) -> None:
    """However long a list is, and wherever it stands among the values."""
    rows = [(f"{each:x}", "ä; fox", "") for each in range(number)]
    for values in (rows, [("a", "b"), rows, "digest", {"view": None}, [], 1.5]):
        whole: list[Any] = list(values)
        expected = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
        assert digest_json(whole) == expected
