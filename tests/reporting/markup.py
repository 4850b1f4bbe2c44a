"""What tests read out of a report's HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "path", "rect", "circle", "polyline", "link", "input", "hr"}


@dataclass
class Element:
    """An element of HTML.

    Attributes:
        tag: its name.
        attributes: by their names.
        text: all text in it.
        within: the names of what it stands in, from the outside in.
    """

    tag: str
    attributes: dict[str, str]
    within: tuple[str, ...]
    text: str = ""


@dataclass
class Markup(HTMLParser):
    """All elements of a page; fails if one is not closed where it should be."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    @classmethod
    def of(cls, page: str) -> "Markup":
        """Read a page."""
        markup = cls()
        HTMLParser.__init__(markup)
        markup.feed(page)
        markup.close()
        assert not markup._open, f"not closed: {[each.tag for each in markup._open]}"
        return markup

    def find(self, *tags: str) -> list[Element]:
        """Return all elements of some names, in their order."""
        return [element for element in self.elements if element.tag in tags]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down an element."""
        within = tuple(each.tag for each in self._open)
        element = Element(tag, {name: value or "" for name, value in attrs}, within)
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down an element that holds nothing."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, ()))

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self._open, f"nothing is open at </{tag}>"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Take down text."""
        for element in self._open:
            element.text += data
