"""The entries of a listing's pages, parsed several times as fast as botocore does it.

botocore looks up the shape of every element and reads times with `dateutil`, which takes most of
the time of a listing of many objects. Here only plain entries are parsed; a page with any other
entry is left to botocore as a whole, with all its errors.
"""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

# Statuses of HTTP.
SUCCESSES = range(200, 300)
# The elements of an entry that are of use, and those that may stand beside them.
_TEXTS = ("Key", "ETag", "StorageClass")
_LEFT_OUT = frozenset({"Owner", "ChecksumAlgorithm", "ChecksumType", "RestoreStatus"})


def parse_entries_fast(client: Any) -> None:
    """Let a client of boto3 parse the plain entries of listings (`list_objects_v2`) fast."""
    client.meta.events.register_last("before-parse.s3.ListObjectsV2", _take_entries)


def _take_entries(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Move the entries of a page from the text that botocore parses to what it has parsed."""
    if response_dict["status_code"] not in SUCCESSES:
        return
    try:
        root = fromstring(response_dict["body"])  # noqa: S314 - botocore parses it in the same way
        nodes = [node for node in root if _name(node) == "Contents"]
        entries = [_entry(node) for node in nodes]
    except (ParseError, ValueError, OverflowError):
        return
    if not entries:
        return
    root[:] = [node for node in root if _name(node) != "Contents"]
    response_dict["body"] = tostring(root)
    customized_response_dict["Contents"] = entries


def _entry(node: Element) -> Mapping[str, Any]:
    """Return an entry as botocore does.

    Raises:
        ValueError: it is not a plain one, so that botocore is to judge.
    """
    entry: dict[str, Any] = {}
    for child in node:
        name, text = _name(child), child.text or ""
        if name in _LEFT_OUT:
            continue
        if name in entry or len(child):
            raise ValueError("comes twice, or has elements of its own")
        if name in _TEXTS:
            entry[name] = text
        elif name == "Size":
            entry[name] = int(text)
        elif name == "LastModified":
            entry[name] = _moment(text)
    return entry


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2]
