"""The format of a text table: its encoding and what separates its cells."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from autofocus.runs.csv_files import UTF8, encoding_name, find_encoding

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
# Characters to look at, and rows among them.
_SAMPLE, _ROWS = 1 << 16, 50
# Excel writes this line before the header, with the delimiter behind it.
_HINT = "sep="


@dataclass(frozen=True)
class TextFormat:
    r"""The format of a text table.

    Attributes:
        encoding: its encoding, as Python calls it.
        delimiter: what separates its cells: `,`, `;`, `|` or a tab.
        skip: the number of lines before the header.
    """

    encoding: str = UTF8
    delimiter: str = ","
    skip: int = 0

    def __str__(self) -> str:
        """Return the format in words, such as `CSV with semicolons in Windows-1252`."""
        words = "CSV" if self.delimiter == "," else f"CSV with {_DELIMITERS[self.delimiter]}s"
        return words if self.encoding == UTF8 else f"{words} in {encoding_name(self.encoding)}"


def find_text_format(path: Path) -> TextFormat:
    """Detect the format of a text table.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is in no known encoding.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
        is_whole = not file.read(1)
    lines = list(io.StringIO(sample, newline=""))
    first = lines[0].strip() if lines else ""
    if first.lower().startswith(_HINT) and first[len(_HINT) :] in ("", *_DELIMITERS):
        return TextFormat(encoding, first[len(_HINT) :] or "\t", 1)
    return TextFormat(encoding, _find_delimiter(lines if is_whole else lines[:-1] or lines))


def _find_delimiter(lines: list[str]) -> str:
    """Return the delimiter with which most rows are as long as the header; then the longest."""
    scores = {delimiter: _score(lines, delimiter) for delimiter in _DELIMITERS}
    return max(scores, key=lambda delimiter: scores[delimiter])


def _score(lines: list[str], delimiter: str) -> tuple[float, int]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > _ROWS:
                break
    except csv.Error:
        pass  # It is reported when the table is read.
    if not rows or (width := len(rows[0])) == 1:
        return 0.0, 0
    fits = sum(len(row) == width for row in rows[1:]) if len(rows) > 1 else 1
    return fits / max(len(rows) - 1, 1), width
