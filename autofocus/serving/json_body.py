"""JSON in the body of an HTTP request, from anybody."""

import base64
import binascii
import json
from typing import Any

from starlette.exceptions import HTTPException

from autofocus.serving.uploads import BAD_REQUEST

_WHITESPACE = b" \t\n\r\v\f"


def bad_request(sentence: str) -> HTTPException:
    """Return the error of a request that can't be understood."""
    return HTTPException(BAD_REQUEST, sentence)


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is.

    Raises:
        HTTPException: it is none (400).
    """
    try:
        content = json.loads(body, parse_constant=_reject_constant)
    # Of text that is not UTF-8, too; and of more levels than Python reads.
    except (ValueError, RecursionError) as error:
        raise bad_request(f"The body is not JSON ({type(error).__name__}).") from None
    if not isinstance(content, dict):
        raise bad_request("The body is not a JSON object.")
    return content


def list_of(content: dict[str, Any], key: str) -> list[Any]:
    """Return the list, which isn't empty, that a request has under a key.

    Raises:
        HTTPException: it has none (400).
    """
    values = content.get(key)
    if not isinstance(values, list) or not values:
        raise bad_request(f"The request has no list {key!r}, or an empty one.")
    return values


def text_of(value: Any, where: str) -> str:
    """Return a value that must be text.

    Args:
        value: the value.
        where: how to name the place in an error.

    Raises:
        HTTPException: it is none, or no text that can be sent back (400).
    """
    # JSON can name halves of characters, which no encoding has.
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise bad_request(f"{where} is not text.")
    return value


def decode_base64(text: Any, where: str) -> bytes:
    """Return the bytes that stand in base64.

    Args:
        text: they, with line breaks or without.
        where: how to name the place in an error.

    Raises:
        HTTPException: it is no base64, or empty (400).
    """
    try:
        # Without a list of the lines, which may be as many as there are letters.
        packed = text.encode("ascii").translate(None, _WHITESPACE)
        content = base64.b64decode(packed, validate=True)
    except (AttributeError, ValueError, binascii.Error):
        content = b""
    if not content:
        raise bad_request(f"{where} is not an image file in base64.")
    return content


def _reject_constant(text: str) -> None:
    # NaN and Infinity are Python's, not JSON's.
    raise ValueError(text)
