"""Large JSON files, written piece by piece."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any


def write_parts(path: Path, parts: Mapping[str, Any]) -> None:
    """Write a JSON object; memory stays flat.

    Args:
        path: the file to write.
        parts: its members; an iterator becomes an array with an item per line.
    """
    # A name that isn't in UTF-8 is escaped, which JSON allows.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write("{")
        for number, (name, value) in enumerate(parts.items()):
            file.write(",\n " if number else "\n ")
            file.write(f"{json.dumps(name)}: ")
            if isinstance(value, Iterator):
                write_array(file, value)
            else:
                file.write(_text(value))
        file.write("\n}\n")


def write_value(path: Path, value: Any) -> None:
    """Write a small JSON file, indented."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace", newline="\n")


def write_array(file: IO[str], items: Iterator[Any]) -> None:
    """Write an array with an item per line."""
    file.write("[")
    for number, item in enumerate(items):
        file.write(",\n  " if number else "\n  ")
        file.write(_text(item))
    file.write("\n ]")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
