"""Files that are written a block of lines at a time; what the last run wrote alike stays."""

import io
import os
from pathlib import Path

from autofocus.errors import OutputConflictError
from autofocus.runs import files
from autofocus.runs.blocks import Part


class BlockFile:
    """A file whose lines come in blocks, in a scratch folder until `publish`.

    While the blocks are those of the last run, in the same order, nothing is written: if that is
    so to the end, the earlier file stays as it is.

    Args:
        unfinished: where to write it.
        final: where it belongs, and where that of the last run is.
        header: its first line, with the line feed.

    Attributes:
        text: takes the lines of the present block.
        final: see above.
    """

    def __init__(self, unfinished: Path, final: Path, header: str = "") -> None:
        self.text = io.StringIO(newline="")
        self.final = final
        self._unfinished = unfinished
        self._header = _encoded(header)
        self._position = len(self._header)
        self._file = unfinished.open("wb")
        self._earlier = _open(final)
        # Nothing has been written yet: what comes first may be what the earlier file holds.
        self._is_same = self._has_same_header()

    def _has_same_header(self) -> bool:
        length = len(self._header)
        if self._earlier is not None and os.pread(self._earlier, length, 0) == self._header:
            return True
        self._file.write(self._header)
        return False

    def end_block(self) -> Part:
        """Write the lines of the present block, and return where they stand."""
        content = _encoded(self.text.getvalue())
        self.text.seek(0)
        self.text.truncate()
        return self.append(content)

    def append(self, content: bytes) -> Part:
        """Write a block, and return where it stands."""
        part = Part.of(content, self._position)
        if content:
            self._depart()
            self._file.write(content)
            self._position = part.end
        return part

    def take(self, part: Part) -> Part:
        """Write a block of the earlier file, and return where it stands now."""
        if self._is_same and self._position == part.offset:
            self._position = part.end
            return part
        return self.append(self.read(part))

    def read(self, part: Part) -> bytes:
        """Return a block of the earlier file.

        Raises:
            OutputConflictError: it is another by now.
        """
        content = None if self._earlier is None else part.read(self._earlier)
        if content is None:
            raise OutputConflictError(f"{self.final} was changed meanwhile: start again.")
        return content

    def holds(self, part: Part) -> bool:
        """Tell whether a block of the earlier file is as it was."""
        return self._earlier is not None and part.read(self._earlier) is not None

    def _depart(self) -> None:
        """Begin to write, with what is the same in the earlier file."""
        if self._is_same and self._earlier is not None:
            self._is_same = False
            offset = 0
            while offset < self._position:
                chunk = os.pread(self._earlier, min(files.CHUNK, self._position - offset), offset)
                if not chunk:
                    raise OutputConflictError(f"{self.final} was changed meanwhile: start again.")
                self._file.write(chunk)
                offset += len(chunk)

    def finish(self) -> Path:
        """Complete the file, and return where it is: unfinished, or in its place if it is same."""
        self.end_block()
        if self._is_same and self.final.stat().st_size != self._position:
            self._depart()
        self._file.flush()
        return self.final if self._is_same else self._unfinished

    def publish(self) -> None:
        """Put the file in its place, if it is another than the one that is there."""
        path = self.finish()
        self.close()
        if path != self.final:
            self.final.parent.mkdir(parents=True, exist_ok=True)
            files.put_in_place(path, self.final)

    def close(self) -> None:
        """Close all files."""
        self._file.close()
        if self._earlier is not None:
            os.close(self._earlier)
            self._earlier = None


def _open(path: Path) -> int | None:
    try:
        return files.open_plain(path, os.O_RDONLY)
    except OSError:
        return None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
