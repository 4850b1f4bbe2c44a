"""JSON as the programs of a cluster write it, to compute its size."""

import json
from typing import Any


def json_text(value: Any) -> str:
    """Return JSON as the cluster writes executor inputs: in one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def go_json(value: Any) -> str:
    """Return JSON as Go's encoding/json writes it: safe within HTML."""
    text = json_text(value)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def byte_size(text: str) -> int:
    """Return how many bytes a text has in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))
