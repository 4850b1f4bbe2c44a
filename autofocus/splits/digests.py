"""Digests of large JSON values, whose text is never in memory as a whole."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

# Elements of a list whose text is made at once.
_CHUNK = 1024


def digest_json(values: Sequence[Any]) -> str:
    """Return the SHA-256 of a JSON list as `json.dumps` writes it.

    Args:
        values: plain JSON values; long lists among them are written piece by piece.
    """
    digest = hashlib.sha256()
    for text in _texts(values):
        digest.update(text.encode())
    return digest.hexdigest()


def _texts(value: Any) -> Iterator[str]:
    if not isinstance(value, list | tuple):
        yield json.dumps(value)
    elif len(value) <= _CHUNK:
        yield "["
        for number, element in enumerate(value):
            yield ", " if number else ""
            yield from _texts(element)
        yield "]"
    else:
        for start in range(0, len(value), _CHUNK):
            yield ", " if start else "["
            yield json.dumps(value[start : start + _CHUNK])[1:-1]
        yield "]"
