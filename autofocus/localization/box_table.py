"""The boxes of many images, in little memory: 60 bytes per image."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from autofocus.boxes.box import Box, BoxStatus

# The left edge, the top edge, width, height and score.
_NUMBERS = 5


class NameIndex:
    """The numbers of names, which need no table beside them.

    Args:
        names: of N images, each once, in any order.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: Sequence[str] = sorted(names)
        self._last = -1

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._names)

    def __getitem__(self, name: str) -> int:
        """Return the number of a name.

        Raises:
            KeyError: it is not among the names.
        """
        # Mostly the one after the last.
        number = self._last + 1
        if number >= len(self._names) or self._names[number] != name:
            number = bisect_left(self._names, name)
            if number == len(self._names) or self._names[number] != name:
                raise KeyError(name)
        self._last = number
        return number


class BoxTable:
    """The box of each image, by the image's name; a box may be put in once.

    Args:
        index: the images' names.
    """

    def __init__(self, index: NameIndex) -> None:
        self._index = index
        self._numbers = array("d", bytes(8 * _NUMBERS * len(index)))
        self._frames = array("q", bytes(8 * len(index)))
        # Status and detail of a box are a text among few, and 0 is none.
        self._texts: list[tuple[BoxStatus, str] | None] = [None]
        self._of_text: dict[tuple[BoxStatus, str], int] = {}
        self._text = array("I", bytes(4 * len(index)))

    def __bool__(self) -> bool:
        """Return whether there is any box."""
        return len(self._texts) > 1

    def __getitem__(self, name: str) -> Box:
        """Return the box of an image.

        Raises:
            KeyError: it has none.
        """
        number = self._index[name]
        text = self._texts[self._text[number]]
        if text is None:
            raise KeyError(name)
        start = _NUMBERS * number
        left, top, width, height, score = self._numbers[start : start + _NUMBERS]
        return Box(left, top, width, height, score, self._frames[number], *text)

    def put(self, names: Iterable[str], box: Box) -> None:
        """Store the box of some images."""
        text = (box.status, box.detail)
        if text not in self._of_text:
            self._of_text[text] = len(self._texts)
            self._texts.append(text)
        numbers = array("d", (box.left, box.top, box.width, box.height, box.score))
        for name in names:
            number = self._index[name]
            self._numbers[_NUMBERS * number : _NUMBERS * (number + 1)] = numbers
            self._frames[number] = box.frames
            self._text[number] = self._of_text[text]

    def count(self) -> Counter[str]:
        """Return the number of images by the status of their box."""
        counts = Counter[str]()
        for number, images in Counter(self._text).items():
            if (text := self._texts[number]) is not None:
                counts[text[0]] += images
        return counts
